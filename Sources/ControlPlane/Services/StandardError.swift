import Bytes
import EventLoop
import Synchronization

/// Standard error, a line at a time.
package enum StandardError {
    private static let file = Mutex(Output())

    private struct Output: ~Copyable {
        let file = OutputFile.standardError
        /// Nobody reads: lines are dropped without waiting until this moment.
        var isGivenUpUntil = Instant(nanoseconds: 0)
    }

    /// A reader that is only slow gets this much time for a line.
    private static let patienceMilliseconds: Int32 = 500
    private static let giveUpNanoseconds: Int64 = 5_000_000_000

    /// Writes `line` and a line feed, so that lines of several threads do not mix. A standard error that is closed,
    /// full or read by nobody loses the line, nothing else: no caller waits for long.
    package static func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        file.withLock { output in
            guard Clock.now() >= output.isGivenUpUntil else { return }
            var offset = 0
            while offset < bytes.count {
                let rest = bytes.span.extracting(offset..<bytes.count)
                guard case .transferred(let count) = output.file.write(rest, patience: patienceMilliseconds) else {
                    output.isGivenUpUntil = Clock.now().advanced(byNanoseconds: giveUpNanoseconds)
                    return
                }
                offset += count
            }
        }
    }
}

import Bytes
package import Config
package import DataPlane
import EventLoop
package import Logging
import Synchronization

/// Writes the lines of all workers to one output, from a thread of its own: whatever the output does to it, no worker
/// waits.
///
/// An output that takes nothing (a full disk, a pipe that nobody reads) costs lines, never requests: the rings fill,
/// the workers drop, and what was dropped is counted.
package final class AccessLogWriter: Sendable {
    package let output: AccessLogConfig.Output
    package let lanes: [AccessLogLane]
    private let wakeup: Wakeup
    private let logger: Logger
    private let mustReopen = Atomic<Bool>(false)
    private let isClosing = Atomic<Bool>(false)
    private let isClosed = Atomic<Bool>(false)
    private let lost = Atomic<Int>(0)

    /// How long lines gather before they are written; a ring that is half full cuts it short.
    private static let gatherMilliseconds: Int32 = 10
    /// How long one write may be waited for before the rings are looked at again.
    private static let patienceMilliseconds: Int32 = 200
    /// After a failed write.
    private static let pauseMilliseconds: Int32 = 500
    /// At the end, what an output that takes nothing is waited for.
    private static let farewellNanoseconds: Int64 = 2_000_000_000
    private static let reportEvery: Int64 = 10_000_000_000

    /// - Throws: `SystemError` when the output cannot be opened, or the thread not started.
    package init(output: AccessLogConfig.Output, workerCount: Int, logger: Logger) throws {
        self.output = output
        self.logger = logger
        let wakeup = try Wakeup()
        self.wakeup = wakeup
        lanes = (0..<workerCount).map { _ in AccessLogLane(wakeup: wakeup) }
        let file = FileParcel(try Self.open(output))
        try WorkerThread.start(name: "access-log") { [self] in
            var loop = WriteLoop(writer: self, file: file.file)
            loop.run()
            isClosed.store(true, ordering: .releasing)
        }
    }

    private static func open(_ output: AccessLogConfig.Output) throws(SystemError) -> OutputFile {
        switch output {
        case .off, .stdout: .standardOutput
        case .stderr: .standardError
        case .file(let path): try .open(path)
        }
    }

    /// Lines that were lost so far.
    package var droppedCount: Int {
        lanes.reduce(lost.load(ordering: .relaxed)) { $0 + $1.ring.droppedCount }
    }

    /// Opens the file again before the next line, since somebody has moved it away.
    package func reopen() {
        mustReopen.store(true, ordering: .releasing)
        wakeup.wake()
    }

    /// Writes what is there and ends the thread; later lines are lost.
    package func close() {
        isClosing.store(true, ordering: .releasing)
        wakeup.wake()
    }

    /// Whether the thread has ended after `close`.
    package var hasClosed: Bool { isClosed.load(ordering: .acquiring) }

    /// An open file on its way to the writer's thread.
    private final class FileParcel: @unchecked Sendable {
        let file: OutputFile
        init(_ file: OutputFile) { self.file = file }
    }

    /// What the thread does. Apart, so that its variables are the thread's alone.
    private struct WriteLoop {
        let writer: AccessLogWriter
        var file: OutputFile
        /// The lane whose line was written in part: no other one may write before it is whole.
        var openLane: Int?
        /// What was written last is half a line whose rest is lost: the next one must not be glued to it.
        var isTorn = false
        /// The output has refused in this round.
        var hasFailed = false
        var reportedCount = 0
        var reportedAt = Instant(nanoseconds: 0)

        mutating func run() {
            while true {
                if writer.mustReopen.exchange(false, ordering: .acquiringAndReleasing) { reopen() }
                let isClosing = writer.isClosing.load(ordering: .acquiring)
                let wrote = writeRound()
                report()
                if isClosing { return finish() }
                if hasFailed {
                    writer.wakeup.rest(milliseconds: AccessLogWriter.pauseMilliseconds)
                } else if wrote {
                    // Awake, so that workers need not announce; they are heard when a ring is half full.
                    writer.wakeup.rest(milliseconds: AccessLogWriter.gatherMilliseconds)
                } else {
                    writer.wakeup.wait(milliseconds: -1) { [writer] in
                        writer.lanes.allSatisfy(\.ring.isEmpty)
                            && !writer.mustReopen.load(ordering: .acquiring)
                            && !writer.isClosing.load(ordering: .acquiring)
                    }
                }
            }
        }

        /// Writes what each lane had when its turn came; true when something was written or lost.
        private mutating func writeRound() -> Bool {
            hasFailed = false
            var hasMoved = false
            if let openLane {
                hasMoved = drain(openLane)
                if self.openLane != nil { return hasMoved }
            }
            for index in writer.lanes.indices where !writer.lanes[index].ring.isEmpty {
                if drain(index) { hasMoved = true }
                if openLane != nil { break }
            }
            return hasMoved
        }

        /// The last lines, for as long as the output takes them; then a line end, should one be missing.
        private mutating func finish() {
            let deadline = Clock.now().advanced(byNanoseconds: AccessLogWriter.farewellNanoseconds)
            while Clock.now() < deadline, !hasFailed, !writer.lanes.allSatisfy(\.ring.isEmpty) { _ = writeRound() }
            if openLane != nil || isTorn { _ = file.write(Self.lineEnd.span, patience: 0) }
        }

        private mutating func drain(_ index: Int) -> Bool {
            let ring = writer.lanes[index].ring
            var rest = ring.count
            var hasMoved = false
            // Past the limit only to the end of a line, which is in the ring for certain.
            while rest > 0 || openLane == index {
                let lineEnd = Self.lineEnd
                let bytes = isTorn ? lineEnd.span : Self.wholeLines(of: ring.readable)
                switch file.write(bytes, patience: AccessLogWriter.patienceMilliseconds) {
                case .transferred(let count):
                    hasMoved = true
                    if isTorn {
                        isTorn = false
                        continue
                    }
                    if count > 0 { openLane = bytes[count - 1] == UInt8(ascii: "\n") ? nil : index }
                    ring.consume(count)
                    rest -= count
                case .wouldBlock, .ended:
                    // Lines wait in the ring; the workers count what finds no room there.
                    return hasMoved
                case .failed:
                    lose(ring)
                    return true
                }
            }
            return hasMoved
        }

        /// As many whole lines as a pipe takes in one piece, where it cannot have all; so that what others write to the
        /// same pipe stands between lines.
        @_lifetime(copy bytes)
        private static func wholeLines(of bytes: Span<UInt8>) -> Span<UInt8> {
            guard bytes.count > OutputFile.pieceMax, bytes.count < OutputFile.pieceMax * 4 else { return bytes }
            var end = OutputFile.pieceMax
            while end > 0, bytes[end - 1] != UInt8(ascii: "\n") { end -= 1 }
            return end == 0 ? bytes : bytes.extracting(0..<end)
        }

        /// The output refuses: what waits is given up whole, so that the log goes on with new lines when it recovers.
        private mutating func lose(_ ring: ByteRing) {
            var count = 0
            while !ring.isEmpty {
                let bytes = ring.readable
                for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") { count += 1 }
                let byteCount = bytes.count
                ring.consume(byteCount)
            }
            if openLane != nil { isTorn = true }
            openLane = nil
            hasFailed = true
            writer.lost.wrappingAdd(count, ordering: .relaxed)
        }

        private mutating func reopen() {
            guard case .file(let path) = writer.output else { return }
            do throws(SystemError) {
                file = try OutputFile.open(path)
                // A line that was begun in the old file goes on in the new one only as its rest.
                if openLane != nil { isTorn = true }
            } catch {
                writer.logger.error(
                    "the access log cannot be reopened; the file that is open stays in use",
                    metadata: ["path": "\(path)", "error": "\(error)"])
            }
        }

        /// Says once in a while that lines are lost.
        private mutating func report() {
            let count = writer.droppedCount
            let now = Clock.now()
            guard count > reportedCount, now.nanoseconds - reportedAt.nanoseconds >= AccessLogWriter.reportEvery else {
                return
            }
            writer.logger.warning(
                "lines of the access log were lost, because its output does not take them",
                metadata: ["lines": "\(count - reportedCount)"])
            reportedCount = count
            reportedAt = now
        }

        private static let lineEnd: [UInt8] = [0x0A]
    }
}

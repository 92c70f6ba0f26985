import Glibc

/// Standard error, a line at a time.
package enum StandardError {
    /// Writes `line` and a line feed in one call, so that lines of several threads do not mix. A closed or full
    /// standard error loses the line, nothing else.
    package static func write(_ line: String) {
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        // Sound: the buffer lives through the call.
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

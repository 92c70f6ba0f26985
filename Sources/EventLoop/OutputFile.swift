import CLinux
import Glibc

/// A file, pipe or terminal that log lines are appended to.
///
/// - Threads: one at a time.
package final class OutputFile {
    private var descriptor: Int32
    private let ownsDescriptor: Bool

    private init(descriptor: Int32, owns: Bool) {
        self.descriptor = descriptor
        ownsDescriptor = owns
    }

    deinit {
        if ownsDescriptor { gwlinux_close(descriptor) }
    }

    package static var standardOutput: OutputFile { OutputFile(descriptor: STDOUT_FILENO, owns: false) }
    package static var standardError: OutputFile { OutputFile(descriptor: STDERR_FILENO, owns: false) }

    /// Opens `path` for appending; a new file is readable by its owner and group.
    package static func open(_ path: String) throws(SystemError) -> OutputFile {
        let descriptor = unsafe path.withCString { unsafe gwlinux_open_append($0, 0o640) }
        guard descriptor >= 0 else { throw SystemError(code: -descriptor, call: "open") }
        return OutputFile(descriptor: descriptor, owns: true)
    }

    /// What a pipe takes in one piece.
    package static let pieceMax = 4096

    /// Writes what the file takes at once. A pipe that nobody reads blocks for `patience` milliseconds at most.
    package func write(_ bytes: Span<UInt8>, patience: Int32) -> IOOutcome {
        guard gwlinux_await_writable(descriptor, patience) > 0 else { return .wouldBlock }
        let result = unsafe bytes.withUnsafeBufferPointer {
            // Sound: the pointer is used within the closure only. A pipe takes PIPE_BUF bytes without blocking once it
            // is writable, and no more are given to it.
            unsafe gwlinux_write(descriptor, $0.baseAddress, $0.count)
        }
        if result >= 0 { return .transferred(Int(result)) }
        return -result == EAGAIN ? .wouldBlock : .failed(Int32(-result))
    }
}

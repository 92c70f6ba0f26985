package import Bytes
package import EventLoop

/// One worker's way to the writer of an access log: a ring of lines, and what wakes the writer.
///
/// - Threads: `write` and `announce` on the worker; the writer reads the ring.
package final class AccessLogLane: Sendable {
    package let ring: ByteRing
    private let wakeup: Wakeup

    /// Lines of about 10 ms at full speed, which the writer may be late by.
    private static let ringByteCount = 1 << 20

    package init(wakeup: Wakeup) {
        ring = ByteRing(capacity: Self.ringByteCount)
        self.wakeup = wakeup
    }

    /// Never waits: a line that finds no room is dropped and counted.
    func write(_ line: Span<UInt8>) {
        guard let waiting = ring.write(line) else { return }
        // The writer gathers lines for a while before it looks again; not for longer than there is room.
        if waiting > Self.ringByteCount / 2, waiting - line.count <= Self.ringByteCount / 2 { wakeup.wake() }
    }

    /// Wakes the writer if it sleeps; once a turn, not once a line.
    func announce() {
        wakeup.announce()
    }
}

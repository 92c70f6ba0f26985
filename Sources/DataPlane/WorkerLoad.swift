package import Bytes
import Synchronization

/// How busy a worker is, over windows of ten seconds of its own: whoever reads it, and how often, changes nothing.
///
/// - Threads: `note` on the worker; everything else on any.
package final class WorkerLoad: Sendable {
    private static let windowNanoseconds: Int64 = 10_000_000_000

    private let windowStart = Atomic<Int64>(0)
    private let busy = Atomic<Int64>(0)
    private let longest = Atomic<Int64>(0)
    private let busyBefore = Atomic<Int64>(0)
    private let longestBefore = Atomic<Int64>(0)

    /// The longest turn of this window and the one before it, in nanoseconds.
    package var longestTurn: Int64 {
        max(longest.load(ordering: .relaxed), longestBefore.load(ordering: .relaxed))
    }

    /// The share of the last whole window that was spent outside of the poller, 0...1; of the first one so far.
    package func busyRatio(now: Instant) -> Double {
        let before = busyBefore.load(ordering: .relaxed)
        if before > 0 { return min(Double(before) / Double(Self.windowNanoseconds), 1) }
        let elapsed = now.nanoseconds - windowStart.load(ordering: .relaxed)
        guard elapsed > 0, elapsed < 2 * Self.windowNanoseconds else { return 0 }
        return min(Double(busy.load(ordering: .relaxed)) / Double(elapsed), 1)
    }

    /// A turn that began at `start` and was done at `end`.
    func note(from start: Instant, to end: Instant) {
        let opened = windowStart.load(ordering: .relaxed)
        let age = end.nanoseconds - opened
        if opened == 0 || age >= Self.windowNanoseconds {
            // A worker that slept over a window or more was busy in none of it.
            let isNext = opened != 0 && age < 2 * Self.windowNanoseconds
            busyBefore.store(isNext ? busy.load(ordering: .relaxed) : 0, ordering: .relaxed)
            longestBefore.store(isNext ? longest.load(ordering: .relaxed) : 0, ordering: .relaxed)
            busy.store(0, ordering: .relaxed)
            longest.store(0, ordering: .relaxed)
            windowStart.store(end.nanoseconds, ordering: .relaxed)
        }
        let nanoseconds = end.nanoseconds(since: start)
        busy.store(busy.load(ordering: .relaxed) + nanoseconds, ordering: .relaxed)
        if nanoseconds > longest.load(ordering: .relaxed) { longest.store(nanoseconds, ordering: .relaxed) }
    }
}

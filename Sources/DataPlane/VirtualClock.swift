package import Bytes
import Synchronization

/// A clock that stands still until it is moved, for running the configuration's tests.
///
/// - Threads: any.
package final class VirtualClock: Sendable {
    private let elapsed = Atomic<Int64>(0)
    private let monotonicStart: Int64
    private let wallStart: Int64

    /// - Parameter wallNanoseconds: since 1970.
    package init(startingAt instant: Instant, wallNanoseconds: Int64) {
        monotonicStart = instant.nanoseconds
        wallStart = wallNanoseconds
    }

    package var now: Instant { Instant(nanoseconds: monotonicStart &+ elapsed.load(ordering: .relaxed)) }
    package var wallNanoseconds: Int64 { wallStart &+ elapsed.load(ordering: .relaxed) }

    package func advance(byNanoseconds nanoseconds: Int64) {
        elapsed.wrappingAdd(nanoseconds, ordering: .relaxed)
    }
}

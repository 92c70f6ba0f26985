import Glibc

/// The moment after which waiting is a failure; every blocking call of this library takes one, so that no test hangs.
package struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant

    package static func after(_ duration: Duration) -> Deadline {
        Deadline(instant: ContinuousClock.now.advanced(by: duration))
    }

    /// Generous on purpose: a debug build on a loaded machine with two cores must make it.
    package static var usual: Deadline { .after(.seconds(20)) }

    package var isPast: Bool { ContinuousClock.now >= instant }

    /// What is left, rounded up, as `poll` wants it; 0 when past.
    package var millisecondsLeft: Int32 {
        let left = ContinuousClock.now.duration(to: instant)
        guard left > .zero else { return 0 }
        let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
        return Int32(clamping: milliseconds)
    }
}

/// Asks again and again until `condition` holds.
///
/// - Throws: `TestingFailure` naming `what` once the deadline passed.
package func waitUntil(
    _ what: @autoclosure () -> String, before deadline: Deadline = .usual, _ condition: () throws -> Bool
) throws {
    while try !condition() {
        guard !deadline.isPast else { throw TestingFailure("never happened: \(what())") }
        // The condition lives in another process, so there is nothing to be woken by; this only keeps the core free.
        usleep(5_000)
    }
}

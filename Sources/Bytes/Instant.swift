/// A point on the monotonic clock. Read once per turn of a worker's loop and handed down as `now`.
@usableFromInline
package struct Instant: Comparable, Sendable, Hashable {
    @usableFromInline package var nanoseconds: Int64

    @inlinable package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Later than every instant: a deadline that never comes.
    package static let distantFuture = Instant(nanoseconds: .max)

    @inlinable package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// `interval` in nanoseconds; saturates at `distantFuture`, and at the other end of time when it is negative.
    @inlinable package func advanced(byNanoseconds interval: Int64) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(interval)
        return Instant(nanoseconds: overflow ? (interval < 0 ? .min : .max) : sum)
    }

    /// Nanoseconds from `earlier` to here.
    @inlinable package func nanoseconds(since earlier: Instant) -> Int64 {
        nanoseconds &- earlier.nanoseconds
    }
}

extension Duration {
    /// The whole duration in nanoseconds, saturated to what an `Int64` holds (292 years).
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}

/// The buckets of every duration histogram of the gateway.
package enum HistogramBuckets {
    /// Upper bounds, inclusive, as Prometheus writes them.
    package static let bounds = [
        "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0",
        "10.0",
    ]
    /// The same bounds in nanoseconds.
    package static let nanoseconds: [Int64] = [
        500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000,
        500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]
    /// Cells of a histogram: fourteen buckets, the one above them, and the sum.
    package static let cellCount = 16
    package static let sumOffset = 15

    /// The bucket of a duration: the first whose bound is not below it, 14 when there is none.
    ///
    /// Written out as a decision tree of at most four compares: no table is loaded, and the first answer, which nearly
    /// all overheads get, costs one compare.
    @inlinable @inline(__always)
    package static func index(of duration: Int64) -> Int {
        if duration <= 500_000 { return 0 }
        if duration <= 50_000_000 {
            if duration <= 5_000_000 {
                if duration <= 1_000_000 { return 1 }
                return duration <= 2_500_000 ? 2 : 3
            }
            if duration <= 10_000_000 { return 4 }
            return duration <= 25_000_000 ? 5 : 6
        }
        if duration <= 1_000_000_000 {
            if duration <= 250_000_000 { return duration <= 100_000_000 ? 7 : 8 }
            return duration <= 500_000_000 ? 9 : 10
        }
        if duration <= 5_000_000_000 { return duration <= 2_500_000_000 ? 11 : 12 }
        return duration <= 10_000_000_000 ? 13 : 14
    }
}

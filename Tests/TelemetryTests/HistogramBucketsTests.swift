import Telemetry
import Testing

@Suite struct HistogramBucketsTests {
    @Test func boundsAreTheSameTwice() {
        #expect(HistogramBuckets.bounds.count == 14 && HistogramBuckets.nanoseconds.count == 14)
        for (text, nanoseconds) in zip(HistogramBuckets.bounds, HistogramBuckets.nanoseconds) {
            #expect(Double(text).map { Int64(($0 * 1e9).rounded()) } == nanoseconds)
        }
    }

    @Test func everyBoundBelongsToItsBucket() {
        for (bucket, bound) in HistogramBuckets.nanoseconds.enumerated() {
            #expect(HistogramBuckets.index(of: bound - 1) == bucket)
            #expect(HistogramBuckets.index(of: bound) == bucket)
            #expect(HistogramBuckets.index(of: bound + 1) == bucket + 1)
        }
        #expect(HistogramBuckets.index(of: 0) == 0 && HistogramBuckets.index(of: -5) == 0)
        #expect(HistogramBuckets.index(of: .max) == 14)
    }
}

import Bytes
import Testing

@Suite struct InstantTests {
    @Test func saturatesAtBothEnds() {
        let now = Instant(nanoseconds: 100)
        #expect(now.advanced(byNanoseconds: 50) == Instant(nanoseconds: 150))
        #expect(now.advanced(byNanoseconds: .max) == .distantFuture)
        #expect(Instant(nanoseconds: -100).advanced(byNanoseconds: .min) == Instant(nanoseconds: .min))
        #expect(Instant.distantFuture.advanced(byNanoseconds: 1) == .distantFuture)
        #expect(now < .distantFuture)
        #expect(Instant(nanoseconds: 150).nanoseconds(since: now) == 50)
    }

    @Test(arguments: [
        (Duration.zero, Int64(0)), (.milliseconds(250), 250_000_000), (.seconds(90), 90_000_000_000),
        (.milliseconds(-1500), -1_500_000_000), (.nanoseconds(1), 1), (.seconds(Int64.max), .max),
        (.seconds(Int64.min), .min), (.seconds(9_223_372_036) + .milliseconds(999), .max),
        (.seconds(-9_223_372_036) - .milliseconds(999), .min),
    ]) func convertsDurations(_ duration: Duration, _ nanoseconds: Int64) {
        #expect(duration.nanoseconds == nanoseconds)
    }
}

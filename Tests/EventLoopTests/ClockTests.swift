import Bytes
import Testing

@testable import EventLoop

@Suite struct ClockTests {
    @Test func neverGoesBack() {
        var last = Clock.now()
        for _ in 0..<1000 {
            let now = Clock.now()
            #expect(now >= last)
            last = now
        }
        #expect(last.nanoseconds > 0)
    }

    @Test func wallTimeIsThisCentury() {
        let seconds = Clock.wallNanoseconds() / 1_000_000_000
        #expect(seconds > 1_700_000_000 && seconds < 4_102_444_800)
    }

    @Test func cpuTimeGrowsWithWork() {
        let before = Clock.threadCPUNanoseconds()
        var sum: UInt64 = 1
        while Clock.threadCPUNanoseconds() == before { sum = sum &* 31 &+ 7 }
        #expect(sum != 0 && Clock.threadCPUNanoseconds() > before)
    }
}

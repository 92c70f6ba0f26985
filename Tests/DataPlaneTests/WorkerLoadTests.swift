import Bytes
import Testing

@testable import DataPlane

@Suite struct WorkerLoadTests {
    private let second: Int64 = 1_000_000_000
    private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: 5_000_000_000 + milliseconds * 1_000_000) }

    @Test func theFirstWindowCountsSoFar() {
        let load = WorkerLoad()
        load.note(from: at(0), to: at(0))
        load.note(from: at(0), to: at(500))
        #expect(load.busyRatio(now: at(1000)) == 0.5)
        #expect(load.longestTurn == second / 2)
    }

    @Test func aWholeWindowStandsUntilTheNextOneEnds() {
        let load = WorkerLoad()
        for start in stride(from: Int64(0), to: 10_000, by: 100) { load.note(from: at(start), to: at(start + 25)) }
        load.note(from: at(10_100), to: at(10_101))
        #expect((0.24...0.26).contains(load.busyRatio(now: at(11_000))))
        #expect(load.longestTurn == 25_000_000)
        // Reading it is no window's end.
        #expect(load.busyRatio(now: at(12_000)) == load.busyRatio(now: at(11_000)))
        load.note(from: at(20_200), to: at(20_201))
        #expect(load.longestTurn == 1_000_000)
        #expect(load.busyRatio(now: at(21_000)) < 0.01)
    }

    @Test func sleepIsNotWork() {
        let load = WorkerLoad()
        load.note(from: at(0), to: at(900))
        load.note(from: at(60_000), to: at(60_001))
        #expect(load.longestTurn == 1_000_000)
        #expect(load.busyRatio(now: at(61_000)) < 0.01)
    }
}

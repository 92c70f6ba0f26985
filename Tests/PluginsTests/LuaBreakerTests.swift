import Bytes
import Config
import Testing

@testable import Plugins

@Suite("the breaker of a script") final class LuaBreakerTests {
    private var breaker: LuaBreaker

    init() {
        var config = LuaBreakerConfig()
        config.kills = 2
        config.errors = 4
        config.window = .seconds(10)
        config.open = .seconds(5)
        breaker = LuaBreaker(config)
    }

    private func admits(_ now: Instant) -> Bool { breaker.admits(now) }

    private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1_000_000_000)) }

    @Test func opensAfterSoManyErrors() {
        for second in 0..<3 { breaker.failed(isKill: false, now: at(Double(second))) }
        #expect(breaker.state == .closed && admits(at(3)))
        breaker.failed(isKill: false, now: at(3))
        #expect(breaker.state == .open)
        #expect(!admits(at(4)))
    }

    @Test func countsKillsApart() {
        breaker.failed(isKill: true, now: at(0))
        for _ in 0..<3 { breaker.failed(isKill: false, now: at(1)) }
        #expect(breaker.state == .closed)
        breaker.failed(isKill: true, now: at(2))
        #expect(breaker.state == .open)
    }

    @Test func forgetsWhatLiesBeforeTheWindow() {
        for second in [0.0, 4, 8] { breaker.failed(isKill: false, now: at(second)) }
        // The window began with the first.
        for second in [10.5, 11, 12] { breaker.failed(isKill: false, now: at(second)) }
        #expect(breaker.state == .closed)
        breaker.failed(isKill: false, now: at(13))
        #expect(breaker.state == .open)
    }

    @Test func successesDoNotCloseTheCount() {
        for _ in 0..<3 { breaker.failed(isKill: false, now: at(0)) }
        breaker.succeeded()
        breaker.failed(isKill: false, now: at(1))
        #expect(breaker.state == .open)
    }

    private func open() {
        for _ in 0..<2 { breaker.failed(isKill: true, now: at(0)) }
        #expect(breaker.state == .open)
    }

    @Test func oneRequestTriesItAgain() {
        open()
        #expect(!admits(at(4.9)))
        #expect(admits(at(5)))
        #expect(breaker.state == .halfOpen)
        #expect(!admits(at(5)) && !admits(at(100)))
        breaker.succeeded()
        #expect(breaker.state == .closed)
        for _ in 0..<10 { #expect(admits(at(6))) }
        // It starts counting at nothing.
        breaker.failed(isKill: true, now: at(6))
        #expect(breaker.state == .closed)
    }

    @Test func oneFailureOpensItAgain() {
        open()
        #expect(admits(at(5)))
        breaker.failed(isKill: false, now: at(7))
        #expect(breaker.state == .open)
        #expect(!admits(at(11.9)))
        #expect(admits(at(12)))
    }

    @Test func aTrialWithoutAVerdictIsRepeated() {
        open()
        #expect(admits(at(5)))
        breaker.gaveUp()
        #expect(breaker.state == .halfOpen)
        #expect(admits(at(5)))
        #expect(!admits(at(5)))
        breaker.succeeded()
        breaker.gaveUp()
        #expect(breaker.state == .closed)
    }

    @Test func whatEndsWhileItIsOpenChangesNothing() {
        open()
        breaker.succeeded()
        #expect(breaker.state == .open)
        breaker.gaveUp()
        #expect(!admits(at(1)))
    }
}

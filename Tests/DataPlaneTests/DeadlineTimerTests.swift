import Bytes
import EventLoop
import GatewayTesting
import Testing

@testable import DataPlane

/// What connections do with theirs.
extension DeadlineTimer {
    fileprivate mutating func set(_ deadline: Instant, token: Token, wheel: TimerWheel) {
        if move(to: deadline) { self = armed(token: token, wheel: wheel) }
    }

    fileprivate mutating func expired(now: Instant, wheel: TimerWheel) -> Bool {
        let isDue = isDue(now: now)
        self = afterExpiry(now: now, wheel: wheel)
        return isDue
    }

    fileprivate mutating func cancel(wheel: TimerWheel) { self = cancelled(wheel: wheel) }
}

@Suite struct DeadlineTimerTests {
    private static let second: Int64 = 1_000_000_000
    private let token = Token(bits: 42)

    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * Self.second) }

    /// Advances and hands each token that came up to the timer; whether its deadline had passed.
    private func advance(_ wheel: TimerWheel, _ timer: inout DeadlineTimer, to seconds: Int64) -> [Bool] {
        var expired: [Token] = []
        wheel.advance(to: at(seconds), expired: &expired)
        return expired.map {
            #expect($0 == token); return timer.expired(now: at(seconds), wheel: wheel)
        }
    }

    @Test func firesOnceAndFreesItsPlace() {
        let wheel = TimerWheel(now: at(0))
        var timer = DeadlineTimer()
        timer.set(at(5), token: token, wheel: wheel)
        #expect(advance(wheel, &timer, to: 4).isEmpty)
        #expect(advance(wheel, &timer, to: 6) == [true])
        #expect(wheel.count == 0 && timer.deadline == .distantFuture)
        #expect(advance(wheel, &timer, to: 100).isEmpty)
    }

    /// The common move costs the wheel nothing: its entry comes up early and is put back.
    @Test func aLaterDeadlineLeavesTheWheelAlone() {
        let wheel = TimerWheel(now: at(0))
        var timer = DeadlineTimer()
        timer.set(at(5), token: token, wheel: wheel)
        for seconds in 6...20 as ClosedRange<Int64> { timer.set(at(seconds), token: token, wheel: wheel) }
        #expect(wheel.count == 1)
        #expect(advance(wheel, &timer, to: 6) == [false])
        #expect(wheel.count == 1)
        #expect(advance(wheel, &timer, to: 19).isEmpty)
        #expect(advance(wheel, &timer, to: 21) == [true])
    }

    @Test func anEarlierDeadlineMovesTheWheel() {
        let wheel = TimerWheel(now: at(0))
        var timer = DeadlineTimer()
        timer.set(at(30), token: token, wheel: wheel)
        timer.set(at(2), token: token, wheel: wheel)
        #expect(wheel.count == 1)
        #expect(advance(wheel, &timer, to: 3) == [true])
    }

    @Test func noDeadlineLetsTheEntryRunOut() {
        let wheel = TimerWheel(now: at(0))
        var timer = DeadlineTimer()
        timer.set(at(5), token: token, wheel: wheel)
        timer.set(.distantFuture, token: token, wheel: wheel)
        #expect(wheel.count == 1)
        #expect(advance(wheel, &timer, to: 6) == [false])
        #expect(wheel.count == 0)
        timer.set(at(8), token: token, wheel: wheel)
        #expect(advance(wheel, &timer, to: 9) == [true])
    }

    @Test func distantFutureAloneCostsNothing() {
        let wheel = TimerWheel(now: at(0))
        var timer = DeadlineTimer()
        timer.set(.distantFuture, token: token, wheel: wheel)
        #expect(wheel.count == 0)
    }

    @Test func cancelFreesAndMayBeRepeated() {
        let wheel = TimerWheel(now: at(0))
        var timer = DeadlineTimer()
        timer.cancel(wheel: wheel)
        timer.set(at(5), token: token, wheel: wheel)
        timer.cancel(wheel: wheel)
        timer.cancel(wheel: wheel)
        #expect(wheel.count == 0 && timer.deadline == .distantFuture)
        #expect(advance(wheel, &timer, to: 10).isEmpty)
    }

    /// A token that was collected before its timer was cancelled finds nothing.
    @Test func aStaleTokenIsIgnored() {
        let wheel = TimerWheel(now: at(0))
        var timer = DeadlineTimer()
        timer.set(at(5), token: token, wheel: wheel)
        var expired: [Token] = []
        wheel.advance(to: at(6), expired: &expired)
        #expect(expired == [token])
        timer.cancel(wheel: wheel)
        #expect(timer.expired(now: at(6), wheel: wheel) == false)
        #expect(wheel.count == 0)
    }

    /// Cancelled and set again while its old token waits to be fired: the new deadline stands.
    @Test func aStaleTokenDoesNotEndTheNextDeadline() {
        let wheel = TimerWheel(now: at(0))
        var timer = DeadlineTimer()
        timer.set(at(5), token: token, wheel: wheel)
        var expired: [Token] = []
        wheel.advance(to: at(6), expired: &expired)
        timer.cancel(wheel: wheel)
        timer.set(at(30), token: token, wheel: wheel)
        #expect(timer.expired(now: at(6), wheel: wheel) == false)
        #expect(timer.deadline == at(30) && wheel.count == 1)
        #expect(advance(wheel, &timer, to: 31) == [true])
    }

    /// Against the plain rule: it fires when its deadline has passed, whatever moves came before.
    @Test(arguments: 0..<8 as Range<UInt64>) func followsRandomMoves(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let wheel = TimerWheel(now: at(0))
        var timer = DeadlineTimer()
        var deadline: Int64?
        var now: Int64 = 0
        for _ in 0..<2000 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0...3:
                let next = now + Int64.random(in: 1...100, using: &random)
                deadline = next
                timer.set(at(next), token: token, wheel: wheel)
            case 4:
                deadline = nil
                timer.set(.distantFuture, token: token, wheel: wheel)
            case 5:
                deadline = nil
                timer.cancel(wheel: wheel)
            default:
                now += Int64.random(in: 1...40, using: &random)
                let hasFired = advance(wheel, &timer, to: now).contains(true)
                // A second is many ticks, but for a deadline of this very second.
                if let due = deadline, due < now { #expect(hasFired) }
                if hasFired {
                    #expect(deadline.map { $0 <= now } == true)
                    deadline = nil
                }
            }
            #expect(wheel.count <= 1)
        }
    }
}

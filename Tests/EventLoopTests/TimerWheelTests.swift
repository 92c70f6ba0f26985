import Bytes
import GatewayTesting
import Testing

@testable import EventLoop

@Suite struct TimerWheelTests {
    private static let tick: Int64 = 1 << 24
    private static let millisecond: Int64 = 1_000_000
    private static let second: Int64 = 1_000_000_000

    private static func at(_ nanoseconds: Int64) -> Instant { Instant(nanoseconds: nanoseconds) }

    /// The deadlines of every armed timer, kept the plain way.
    private struct Model {
        struct Timer {
            var id: TimerWheel.ID
            /// A deadline that had passed when it was set counts from then.
            var deadline: Int64
        }

        var armed: [UInt64: Timer] = [:]
        /// Fired, and not yet rescheduled or cancelled.
        var fired: [UInt64: TimerWheel.ID] = [:]
        var nextToken: UInt64 = 1

        var earliest: Int64? { armed.values.map(\.deadline).min() }
    }

    /// Deadlines as they occur: due, close, within a turn of the wheel, and many turns away.
    private static func randomDelay(_ random: inout SeededRandom) -> Int64 {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: -Int64.random(in: 0...second, using: &random)
        case 1...4: Int64.random(in: 0...200 * millisecond, using: &random)
        case 5...7: Int64.random(in: 0...34 * second, using: &random)
        case 8: Int64.random(in: 34 * second...100 * second, using: &random)
        default: Int64.random(in: 0...7200 * second, using: &random)
        }
    }

    private static func randomStep(_ random: inout SeededRandom) -> Int64 {
        switch Int.random(in: 0..<20, using: &random) {
        case 0...9: Int64.random(in: 0...3 * tick, using: &random)
        case 10...15: Int64.random(in: 0...second, using: &random)
        case 16...18: Int64.random(in: 0...70 * second, using: &random)
        default: Int64.random(in: 0...3 * 3600 * second, using: &random)
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func agreesWithASortedList(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var now = Int64.random(in: 0...1_000_000 * Self.second, using: &random)
        let wheel = TimerWheel(now: Self.at(now))
        var model = Model()
        var expired: [Token] = []
        for _ in 0..<3000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...4: schedule(wheel, &model, now: now, &random)
            case 5: cancel(wheel, &model, &random)
            case 6: reschedule(wheel, &model, now: now, &random)
            default:
                now += Self.randomStep(&random)
                wheel.advance(to: Self.at(now), expired: &expired)
                check(expired, &model, now: now)
            }
            #expect(wheel.count == model.armed.count + model.fired.count)
            checkSleep(wheel.millisecondsToNext(limit: .max), model, now: now)
        }
        now += 3 * 3600 * Self.second
        wheel.advance(to: Self.at(now), expired: &expired)
        check(expired, &model, now: now)
        #expect(model.armed.isEmpty)
        for id in model.fired.values { wheel.cancel(id) }
        #expect(wheel.count == 0)
        #expect(wheel.millisecondsToNext(limit: 77) == 77)
    }

    private func schedule(
        _ wheel: TimerWheel, _ model: inout Model, now: Int64, _ random: inout SeededRandom
    ) {
        let deadline = max(now + Self.randomDelay(&random), 0)
        let token = model.nextToken
        model.nextToken += 1
        let id = wheel.schedule(Token(bits: token), at: Self.at(deadline))
        model.armed[token] = Model.Timer(id: id, deadline: max(deadline, now))
    }

    private func cancel(_ wheel: TimerWheel, _ model: inout Model, _ random: inout SeededRandom) {
        if let token = model.fired.keys.min(), Bool.random(using: &random), let id = model.fired[token] {
            wheel.cancel(id)
            model.fired[token] = nil
        } else if let token = model.armed.keys.sorted().randomElement(using: &random), let timer = model.armed[token] {
            wheel.cancel(timer.id)
            model.armed[token] = nil
        }
    }

    private func reschedule(
        _ wheel: TimerWheel, _ model: inout Model, now: Int64, _ random: inout SeededRandom
    ) {
        let deadline = max(now + Self.randomDelay(&random), 0)
        let isFired = Bool.random(using: &random)
        if isFired, let token = model.fired.keys.min(), let id = model.fired[token] {
            wheel.reschedule(id, at: Self.at(deadline))
            model.fired[token] = nil
            model.armed[token] = Model.Timer(id: id, deadline: max(deadline, now))
        } else if let token = model.armed.keys.sorted().randomElement(using: &random), let timer = model.armed[token] {
            wheel.reschedule(timer.id, at: Self.at(deadline))
            model.armed[token]?.deadline = max(deadline, now)
        }
    }

    private func check(_ expired: [Token], _ model: inout Model, now: Int64) {
        for token in expired {
            guard let timer = model.armed.removeValue(forKey: token.bits) else {
                Issue.record("timer \(token.bits) fired that is not armed")
                continue
            }
            model.fired[token.bits] = timer.id
            #expect(timer.deadline <= now, "timer \(token.bits) fired \(timer.deadline - now) ns early")
        }
        for (token, timer) in model.armed {
            #expect(timer.deadline > now - 2 * Self.tick, "timer \(token) is \(now - timer.deadline) ns late")
        }
    }

    /// Sleeping that long and then advancing serves every timer within its two ticks.
    private func checkSleep(_ milliseconds: Int32, _ model: Model, now: Int64) {
        #expect(milliseconds > 0)
        guard let earliest = model.earliest else { return }
        let wake = now + Int64(milliseconds) * Self.millisecond
        // A millisecond is what rounding up costs.
        let latest = max(earliest, now) + 2 * Self.tick + Self.millisecond
        #expect(wake <= latest, "sleeps \(wake - latest) ns past the next timer")
    }

    @Test func roundsUpToTheNextTick() {
        let wheel = TimerWheel(now: Self.at(0))
        var expired: [Token] = []
        _ = wheel.schedule(Token(bits: 7), at: Self.at(5 * Self.tick + 1))
        wheel.advance(to: Self.at(6 * Self.tick - 1), expired: &expired)
        #expect(expired.isEmpty)
        wheel.advance(to: Self.at(6 * Self.tick), expired: &expired)
        #expect(expired == [Token(bits: 7)])
    }

    @Test func aTimerOfALaterTurnStaysThroughTheEarlierOnes() {
        let wheel = TimerWheel(now: Self.at(0))
        var expired: [Token] = []
        let turn = 2048 * Self.tick
        _ = wheel.schedule(Token(bits: 1), at: Self.at(3 * turn + 5 * Self.tick))
        var fired: [Int64] = []
        var now: Int64 = 0
        while now < 4 * turn {
            now += 100 * Self.tick
            wheel.advance(to: Self.at(now), expired: &expired)
            if !expired.isEmpty { fired.append(now) }
        }
        #expect(fired.count == 1 && fired.allSatisfy { $0 >= 3 * turn + 5 * Self.tick })
    }

    @Test func aJumpOfHoursFiresEverythingOnce() {
        let wheel = TimerWheel(now: Self.at(0))
        var expired: [Token] = []
        for number in 0..<5000 {
            _ = wheel.schedule(Token(bits: UInt64(number)), at: Self.at(Int64(number) * Self.second))
        }
        wheel.advance(to: Self.at(6 * 3600 * Self.second), expired: &expired)
        #expect(Set(expired.map(\.bits)).count == 5000 && expired.count == 5000)
        wheel.advance(to: Self.at(12 * 3600 * Self.second), expired: &expired)
        #expect(expired.isEmpty)
    }

    @Test func aDeadlineInThePastFiresAtTheNextTick() {
        let wheel = TimerWheel(now: Self.at(1000 * Self.tick))
        var expired: [Token] = []
        _ = wheel.schedule(Token(bits: 9), at: Self.at(0))
        wheel.advance(to: Self.at(1000 * Self.tick), expired: &expired)
        #expect(expired.isEmpty)
        wheel.advance(to: Self.at(1001 * Self.tick), expired: &expired)
        #expect(expired == [Token(bits: 9)])
    }

    @Test func aClockThatStandsStillOrGoesBackChangesNothing() {
        let wheel = TimerWheel(now: Self.at(1000 * Self.tick))
        var expired = [Token(bits: 1)]
        _ = wheel.schedule(Token(bits: 2), at: Self.at(1000 * Self.tick))
        wheel.advance(to: Self.at(10 * Self.tick), expired: &expired)
        #expect(expired.isEmpty && wheel.count == 1)
    }

    @Test func distantFutureNeverComes() {
        let wheel = TimerWheel(now: Self.at(0))
        var expired: [Token] = []
        let id = wheel.schedule(Token(bits: 1), at: .distantFuture)
        wheel.advance(to: Self.at(1_000_000 * Self.second), expired: &expired)
        #expect(expired.isEmpty && wheel.count == 1)
        wheel.cancel(id)
        #expect(wheel.count == 0)
    }

    @Test func freedPlacesAreUsedAgain() {
        let wheel = TimerWheel(now: Self.at(0))
        let first = wheel.schedule(Token(bits: 1), at: Self.at(Self.second))
        wheel.cancel(first)
        #expect(wheel.schedule(Token(bits: 2), at: Self.at(Self.second)) == first)
    }

    @Test func sleepsNoLongerThanItsLimit() {
        let wheel = TimerWheel(now: Self.at(0))
        _ = wheel.schedule(Token(bits: 1), at: Self.at(20 * Self.second))
        #expect(wheel.millisecondsToNext(limit: 500) == 500)
        let milliseconds = wheel.millisecondsToNext(limit: 60_000)
        #expect((20_000...20_035).contains(milliseconds))
    }
}

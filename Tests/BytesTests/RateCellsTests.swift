import Foundation
import Synchronization
import Testing

@testable import Bytes

@Suite struct RateCellsTests {
    /// The algorithm in its plainest form, for one key.
    private struct Reference {
        var time: UInt64 = 0

        mutating func charge(now: UInt64, increment: UInt64, tolerance: UInt64) -> RateCells.Outcome {
            let next = max(time, now) + increment
            if next - now > tolerance { return .refused(until: time) }
            time = next
            return .admitted(until: next)
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>) func agreesWithTheReference(_ seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        func next(_ bound: UInt64) -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state % bound
        }
        let cells = RateCells(cells: 4096)
        var references: [UInt64: Reference] = [:]
        var now: UInt64 = 1000
        for _ in 0..<20_000 {
            now += next(30)
            let tag = KeyedHash.process.hash(next(100), 1)
            let increment = 10 + next(20)
            let outcome = cells.charge(tag, now: now, increment: increment, tolerance: 200)
            let expected = references[tag, default: Reference()].charge(
                now: now, increment: increment, tolerance: 200)
            switch (outcome, expected) {
            case (.admitted(let left), .admitted(let right)): #expect(left == right)
            case (.refused, .refused): break
            default: Issue.record("\(outcome) and \(expected)")
            }
        }
        #expect(cells.overflowCount == 0)
    }

    /// However many threads take at once, a key has its burst once.
    @Test func neverAdmitsTooMany() {
        for round in 0..<200 {
            let cells = RateCells(cells: 64)
            let admitted = Atomic(0)
            let keys = (0..<3).map { KeyedHash.process.hash(UInt64(round), UInt64($0)) }
            DispatchQueue.concurrentPerform(iterations: 4) { _ in
                for number in 0..<300 {
                    let outcome = cells.charge(keys[number % 3], now: 50, increment: 10, tolerance: 500)
                    if case .admitted = outcome { admitted.add(1, ordering: .relaxed) }
                }
            }
            #expect(admitted.load(ordering: .relaxed) == 150)
        }
    }

    /// Cells change hands while others use them, and nobody gets more than is due.
    @Test func cellsThatChangeHandsStayExact() {
        let cells = RateCells(cells: 8)
        let admitted = (0..<64).map { _ in Box() }
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for step in 0..<20_000 {
                let now = UInt64(step) * 10
                let key = (step / 50 + thread % 2) % 64
                let tag = KeyedHash.process.hash(UInt64(key), 7)
                if case .admitted = cells.charge(tag, now: now + 1, increment: 100, tolerance: 300) {
                    admitted[key].count.add(1, ordering: .relaxed)
                }
            }
        }
        // At the sustained rate 2,000 in all that time, and a burst for each of a key's turns.
        for (key, box) in admitted.enumerated() {
            #expect(box.count.load(ordering: .relaxed) <= 2_000 + 3 * 20, "key \(key)")
        }
    }

    private final class Box: Sendable {
        let count = Atomic(0)
    }

    @Test func aFloodTakesNothingFromKeysInUse() {
        let cells = RateCells(cells: 1024)
        let mine = KeyedHash.process.hash(1, 2)
        for _ in 0..<5 { _ = cells.charge(mine, now: 10, increment: 1000, tolerance: 5000) }
        #expect(cells.charge(mine, now: 10, increment: 1000, tolerance: 5000) == .refused(until: 5010))
        for number in 0..<100_000 as Range<UInt64> {
            _ = cells.charge(KeyedHash.process.hash(number, 3), now: 20, increment: 1000, tolerance: 5000)
        }
        #expect(cells.overflowCount > 90_000)
        #expect(cells.charge(mine, now: 30, increment: 1000, tolerance: 5000) == .refused(until: 5010))
        #expect(cells.byteCount < 32 << 10)
    }

    @Test func whatHasPassedIsGivenAway() {
        let cells = RateCells(cells: 8)
        for number in 0..<1000 as Range<UInt64> {
            let outcome = cells.charge(number + 1, now: number * 100, increment: 50, tolerance: 50)
            #expect(outcome == .admitted(until: number * 100 + 50))
        }
        #expect(cells.overflowCount == 0)
    }

    @Test func hashesDependOnEveryByteAndTheKey() {
        let hash = KeyedHash(first: 1, second: 2)
        var seen: Set<UInt64> = []
        for count in 0...40 {
            let zeros = [UInt8](repeating: 0, count: count)
            #expect(seen.insert(hash.hash(zeros.span)).inserted)
            for index in zeros.indices {
                var changed = zeros
                changed[index] = 1
                #expect(seen.insert(hash.hash(changed.span)).inserted)
            }
        }
        let text = Array("text".utf8)
        #expect(hash.hash(text.span) != KeyedHash(first: 1, second: 3).hash(text.span))
        #expect(hash.hash(1, 2) != hash.hash(2, 1))
    }
}

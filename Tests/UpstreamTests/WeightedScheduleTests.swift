import Testing

@testable import Upstream

@Suite struct WeightedScheduleTests {
    static let weights: [[Int]] = [
        [1], [7], [1, 1], [1, 1, 1], [5, 1, 1], [3, 2, 1], [10, 1], [97, 1, 1, 1], [2, 3, 5, 7, 11, 13], [100, 99, 98],
        [1000, 1, 1, 1, 1, 1, 1, 1, 1, 1], [4, 2, 2], [50, 30, 20], [1, 2, 4, 8, 16, 32, 64, 128],
        Array(1...40), Array(repeating: 3, count: 200),
    ]

    @Test(arguments: weights) func givesEverybodyTheirShare(_ weights: [Int]) {
        let slots = WeightedSchedule(weights: weights).slots
        let total = weights.reduce(0, +)
        var counts = [Int](repeating: 0, count: weights.count)
        for (turn, slot) in slots.enumerated() {
            counts[Int(slot)] += 1
            for (member, count) in counts.enumerated() {
                // |count - exact share| < 1 after every turn, without fractions.
                let error = abs(count * total - (turn + 1) * weights[member])
                #expect(error < total, "member \(member) after \(turn + 1) turns")
            }
        }
        for (member, count) in counts.enumerated() { #expect(count * total == slots.count * weights[member]) }
    }

    @Test func randomWeightsKeepTheBound() {
        var random = SplitMix(seed: 3)
        for _ in 0..<60 {
            let weights = (0..<(2 + Int(random.next(below: 12)))).map { _ in 1 + Int(random.next(below: 60)) }
            givesEverybodyTheirShare(weights)
        }
    }

    @Test func spreadsTheHeavyOne() {
        // The light ones interrupt the heavy one, instead of following its whole share.
        let slots = WeightedSchedule(weights: [5, 1, 1]).slots
        var longestRun = 0
        var run = 0
        for slot in slots + slots {
            run = slot == 0 ? run + 1 : 0
            longestRun = max(longestRun, run)
        }
        #expect(longestRun <= 4)
    }

    @Test func reducesByTheGreatestDivisor() {
        #expect(WeightedSchedule(weights: [100, 200, 300]).slots.count == 6)
        #expect(WeightedSchedule(weights: Array(repeating: 1_000_000, count: 5)).slots.count == 5)
        #expect(WeightedSchedule(weights: []).slots.isEmpty)
    }

    @Test func scalesWhatIsTooLong() {
        let weights = [1_000_003, 499_979, 1, 250_007]
        let slots = WeightedSchedule(weights: weights).slots
        #expect(slots.count <= WeightedSchedule.slotsMax)
        let total = Double(weights.reduce(0, +))
        for (member, weight) in weights.enumerated() {
            let share = Double(slots.count { Int($0) == member }) / Double(slots.count)
            #expect(share > 0)
            #expect(abs(share - Double(weight) / total) < 4.0 / 65_536)
        }
        #expect(WeightedSchedule(weights: (1...2000).map { $0 * 7919 % 65_537 + 1 }).slots.count <= 65_536)
    }
}

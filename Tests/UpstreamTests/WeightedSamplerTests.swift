import Testing

@testable import Upstream

@Suite struct WeightedSamplerTests {
    @Test(arguments: [[1], [1, 1], [1, 3], [5, 1, 1], [100, 1], [1, 2, 3, 4, 5, 6, 7], [1_000_000, 1_000_000]])
    func drawsByWeight(_ weights: [Int]) {
        let sampler = WeightedSampler(weights: weights)
        var random = SplitMix(seed: 42)
        let draws = 100_000
        var counts = [Int](repeating: 0, count: weights.count)
        for _ in 0..<draws { counts[sampler.draw(&random)] += 1 }
        let total = weights.reduce(0, +)
        for (member, weight) in weights.enumerated() {
            // Five standard deviations of a fixed seed: a wrong table is off by far more.
            let share = Double(weight) / Double(total)
            let deviation = (share * (1 - share) * Double(draws)).squareRoot()
            #expect(abs(Double(counts[member]) - share * Double(draws)) <= 5 * deviation + 1e-9)
        }
    }
}

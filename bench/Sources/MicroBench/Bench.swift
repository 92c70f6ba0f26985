import CAllocationCount

/// One thing to measure, beside a baseline of the same size that says how fast the machine is in this run.
struct Bench {
    /// Does the thing so many times; what it returns keeps the optimiser from leaving the work out.
    typealias Work = (_ count: Int) -> Int

    let name: String
    let baselineName: String
    let work: Work
    let baseline: Work

    init(_ name: String, _ work: @escaping Work, baseline: String, _ baselineWork: @escaping Work) {
        self.name = name
        self.work = work
        baselineName = baseline
        self.baseline = baselineWork
    }
}

/// The figures of one bench.
struct Measurement {
    var nanoseconds: Double
    var baselineNanoseconds: Double
    var allocations: Double

    private static let rounds = 7
    private static let roundNanoseconds = 30_000_000.0
    private static let clock = ContinuousClock()

    /// Rounds of both works take turns, so that a busy moment of the machine meets both; medians count.
    init(_ bench: Bench) {
        let count = Self.calibrate(bench.work)
        let baselineCount = Self.calibrate(bench.baseline)
        var times: [Double] = []
        var baselineTimes: [Double] = []
        for _ in 0..<Self.rounds {
            times.append(Self.time(bench.work, count))
            baselineTimes.append(Self.time(bench.baseline, baselineCount))
        }
        nanoseconds = times.sorted()[Self.rounds / 2]
        baselineNanoseconds = baselineTimes.sorted()[Self.rounds / 2]
        // What one call allocates whatever its count is not the operation's.
        let few = Self.allocations(bench.work, 1000)
        let many = Self.allocations(bench.work, 11_000)
        allocations = Double(many - few) / 10_000
    }

    private static func calibrate(_ work: Bench.Work) -> Int {
        var count = 64
        while true {
            let perCall = time(work, count) * Double(count)
            if perCall > roundNanoseconds / 4 { return max(1, Int(Double(count) * roundNanoseconds / perCall)) }
            count *= 4
        }
    }

    private static func time(_ work: Bench.Work, _ count: Int) -> Double {
        let start = clock.now
        sink(work(count))
        let elapsed = (clock.now - start).components
        return (Double(elapsed.seconds) * 1e9 + Double(elapsed.attoseconds) / 1e9) / Double(count)
    }

    private static func allocations(_ work: Bench.Work, _ count: Int) -> Int {
        let before = gwbench_allocation_count()
        sink(work(count))
        return Int(gwbench_allocation_count() - before)
    }

    @inline(never) private static func sink(_ value: Int) {
        precondition(value != Int.min)
    }
}

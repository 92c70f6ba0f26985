/// Counters of what was decided under one name, on one worker; each is made when it is first counted.
///
/// - Threads: the worker's own, once it counts.
struct DecisionCells {
    private let shard: MetricShard
    private let metric: GatewayMetric
    private let name: UInt32
    private var cells: [Int]

    /// - Parameter name: the id of the filter's or limit's name in `MetricRegistry.filters`.
    init(shard: MetricShard, metric: GatewayMetric, name: UInt32, decisionCount: Int) {
        self.shard = shard
        self.metric = metric
        self.name = name
        cells = [Int](repeating: -1, count: decisionCount)
    }

    mutating func count(_ decision: UInt8) {
        let index = Int(decision)
        if cells[index] < 0 { cells[index] = shard.cell(SeriesKey(metric, a: name, c: UInt16(decision))) }
        shard.add(cells[index])
    }
}

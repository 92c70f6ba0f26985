/// Counters of what was decided under one name, on one worker; each is made when it is first counted.
///
/// - Threads: the worker's own, once it counts.
final class DecisionCells {
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

    func count(_ decision: UInt8) {
        let cell = cells[Int(decision)]
        shard.add(cell >= 0 ? cell : make(decision))
    }

    private func make(_ decision: UInt8) -> Int {
        let cell = shard.cell(SeriesKey(metric, a: name, c: UInt16(decision)))
        // As a whole: were it changed in place, every use of it would be checked for exclusive access.
        var known = cells
        known[Int(decision)] = cell
        cells = known
        return cell
    }
}

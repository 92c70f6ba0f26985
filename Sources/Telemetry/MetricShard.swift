package import Bytes

/// The metric cells of one worker: counted without locks here, read by the control plane at any time.
///
/// A caller that counts the same thing again and again keeps the cell's number (`RouteSeries`, `UpstreamSeries`); a
/// number never changes its meaning.
///
/// - Threads: the owning worker's only, except `cells`, which anybody may read.
package final class MetricShard {
    package let cells: AtomicCells
    private let budget: SeriesBudget
    private var index = SeriesIndex()
    /// Series refused so far; past `refusedMax` they are no longer remembered one by one.
    private var refusedCount = 0
    private let refusedMax = 4096
    private var isFull = [Bool](repeating: false, count: 256)

    init(cells: AtomicCells, budget: SeriesBudget) {
        self.cells = cells
        self.budget = budget
    }

    /// The cell of a counter or gauge.
    package func cell(_ key: SeriesKey) -> Int {
        if let known = index.find(key.bits) { return known }
        return add(key, cellCount: 1)
    }

    /// The first cell of a histogram.
    package func histogram(_ key: SeriesKey) -> Int {
        if let known = index.find(key.bits) { return known }
        return add(key, cellCount: HistogramBuckets.cellCount)
    }

    /// Adds to a counter.
    @inlinable @inline(__always)
    package func add(_ cell: Int, _ amount: UInt64 = 1) {
        cells.add(cell, amount)
    }

    /// Moves a gauge up or down. The sum over the workers is what is exported.
    @inlinable @inline(__always)
    package func adjust(_ cell: Int, by amount: Int) {
        cells.add(cell, UInt64(bitPattern: Int64(amount)))
    }

    /// Sets a gauge that this worker alone reports.
    package func set(_ cell: Int, _ value: Int) {
        cells.store(cell, UInt64(bitPattern: Int64(value)))
    }

    /// Counts one duration; a negative one counts as zero.
    @inlinable @inline(__always)
    package func observe(_ histogram: Int, nanoseconds: Int64) {
        cells.add(histogram + HistogramBuckets.index(of: nanoseconds), 1)
        cells.add(histogram + HistogramBuckets.sumOffset, UInt64(bitPattern: max(nanoseconds, 0)))
    }

    @inline(never)
    private func add(_ key: SeriesKey, cellCount: Int) -> Int {
        guard let metric = key.metric else { preconditionFailure("a series key names no metric") }
        let slot = Int(metric.rawValue)
        if !key.isOverflow && isFull[slot] { return overflowCell(metric, cellCount: cellCount) }
        if key.isOverflow || budget.admits(key, of: metric) {
            guard let first = cells.append(key: key.bits, count: cellCount) else {
                preconditionFailure("series budgets allow more cells than a shard holds")
            }
            index.insert(key.bits, first)
            return first
        }
        let overflow = overflowCell(metric, cellCount: cellCount)
        index.insert(key.bits, overflow)
        refusedCount += 1
        if refusedCount >= refusedMax { isFull[slot] = true }
        add(cell(SeriesKey(.metricOverflow, a: UInt32(slot))))
        return overflow
    }

    private func overflowCell(_ metric: GatewayMetric, cellCount: Int) -> Int {
        cellCount == 1 ? cell(.overflow(metric)) : histogram(.overflow(metric))
    }
}

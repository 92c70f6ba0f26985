import Bytes
import Synchronization

/// All metrics of the process: label names, one shard per worker, values of the control plane, and their exposition.
///
/// - Threads: any; a shard itself belongs to its worker.
package final class MetricRegistry: Sendable {
    /// One value that the control plane provides, such as a process metric; labels in the order of the declaration.
    package struct Sample: Sendable {
        package var metric: GatewayMetric
        package var labels: [String]
        package var value: Double

        package init(_ metric: GatewayMetric, labels: [String] = [], value: Double) {
            self.metric = metric
            self.labels = labels
            self.value = value
        }
    }

    package let routes = LabelInterner(idsMax: 0xFF_FFFE)
    package let upstreams = LabelInterner(idsMax: 0xFF_FFFE)
    package let listeners = LabelInterner(idsMax: 0xFF_FFFE)
    package let targets = LabelInterner(idsMax: 0xFFFF)
    package let filters = LabelInterner(idsMax: 0xFF_FFFE)
    let methodNames: [String]
    let shards: [AtomicCells]
    private let budget: SeriesBudget
    private let collectors = Mutex<[@Sendable () -> [Sample]]>([])
    private let declared = Mutex<@Sendable () -> [DeclaredFamily]>({ [] })

    /// - Parameter methodNames: the label of each raw value of the method type, in order.
    package init(workerCount: Int, methodNames: [String], budget: SeriesBudget = SeriesBudget()) {
        self.methodNames = methodNames
        self.budget = budget
        shards = (0..<workerCount).map { _ in AtomicCells() }
    }

    /// The shard of a worker. To be asked for once by each worker, on its own thread: two shards of one worker would
    /// both write its cells.
    package func makeShard(worker: Int) -> MetricShard {
        MetricShard(cells: shards[worker], budget: budget)
    }

    /// Adds a source of values that is asked at every exposition.
    package func collect(_ source: @escaping @Sendable () -> [Sample]) {
        collectors.withLock { $0.append(source) }
    }

    /// Sets the source of families that scripts declare; asked at every exposition.
    package func provideFamilies(_ source: @escaping @Sendable () -> [DeclaredFamily]) {
        declared.withLock { $0 = source }
    }

    func declaredFamilies() -> [DeclaredFamily] { declared.withLock { $0 }() }

    func collectedSamples() -> [Sample] {
        collectors.withLock { $0 }.flatMap { $0() }
    }

    /// The present values of a counter or gauge without scale, each with its labels in the order of the declaration.
    package func counts(of metric: GatewayMetric) -> [(labels: [String], value: Int)] {
        let names = LabelNames(self)
        let declaration = metric.declaration
        return MergedSeries(shards).families[Int(metric.rawValue)].map { series in
            let labels = declaration.labels.map { names.value(of: $0, in: series.key) }
            return (labels, Int(truncatingIfNeeded: Int64(bitPattern: series.cells[0])))
        }
    }

    /// Prometheus text format 0.0.4: `text/plain; version=0.0.4; charset=utf-8`.
    package func renderText() -> [UInt8] {
        var exposition = MetricExposition(registry: self, format: .text)
        return exposition.render()
    }

    /// OpenMetrics 1.0.0: `application/openmetrics-text; version=1.0.0; charset=utf-8`.
    package func renderOpenMetrics() -> [UInt8] {
        var exposition = MetricExposition(registry: self, format: .openMetrics)
        return exposition.render()
    }
}

import Bytes
package import EventLoop
package import Telemetry

/// A listener as one worker accepts from it.
package final class WorkerListener {
    let listener: Listener
    private let shard: MetricShard
    private let activeCell: Int
    private let idleCell: Int
    private let acceptedCell: Int
    private let shedCell: Int
    private let failedCell: Int

    package init(_ listener: Listener, name: String, shard: MetricShard, registry: MetricRegistry) {
        self.listener = listener
        self.shard = shard
        let id = registry.listeners.id(for: name)
        activeCell = shard.cell(SeriesKey(.connections, a: id, c: UInt16(ConnectionState.active.rawValue)))
        idleCell = shard.cell(SeriesKey(.connections, a: id, c: UInt16(ConnectionState.idle.rawValue)))
        acceptedCell = shard.cell(SeriesKey(.connectionsTotal, a: id, c: UInt16(ConnectionOutcome.accepted.rawValue)))
        shedCell = shard.cell(SeriesKey(.connectionsTotal, a: id, c: UInt16(ConnectionOutcome.shed.rawValue)))
        failedCell = shard.cell(SeriesKey(.connectionsTotal, a: id, c: UInt16(ConnectionOutcome.failed.rawValue)))
    }

    /// Counts connections that changed their state.
    func moved(active: Int, idle: Int) {
        if active != 0 { shard.adjust(activeCell, by: active) }
        if idle != 0 { shard.adjust(idleCell, by: idle) }
    }

    func count(_ outcome: ConnectionOutcome) {
        switch outcome {
        case .accepted: shard.add(acceptedCell)
        case .shed: shard.add(shedCell)
        case .failed: shard.add(failedCell)
        }
    }
}

import Bytes
package import EventLoop
package import Telemetry

/// A listener as one worker accepts from it.
package final class WorkerListener {
    let listener: Listener
    /// As the access log writes it.
    let nameBytes: [UInt8]
    /// Its connections end with their next answer; one for all names that the listener has had.
    private let removal: Removal
    var isRemoved: Bool { removal.isDone }

    private final class Removal {
        var isDone = false
    }

    private let shard: MetricShard
    private let activeCell: Int
    private let idleCell: Int
    private let acceptedCell: Int
    private let shedCell: Int
    private let failedCell: Int

    package convenience init(_ listener: Listener, name: String, shard: MetricShard, registry: MetricRegistry) {
        self.init(listener, name: name, shard: shard, registry: registry, removal: Removal())
    }

    private init(
        _ listener: Listener, name: String, shard: MetricShard, registry: MetricRegistry, removal: Removal
    ) {
        self.listener = listener
        self.removal = removal
        self.shard = shard
        nameBytes = Array(name.utf8)
        let id = registry.listeners.id(for: name)
        activeCell = shard.cell(SeriesKey(.connections, a: id, c: UInt16(ConnectionState.active.rawValue)))
        idleCell = shard.cell(SeriesKey(.connections, a: id, c: UInt16(ConnectionState.idle.rawValue)))
        acceptedCell = shard.cell(SeriesKey(.connectionsTotal, a: id, c: UInt16(ConnectionOutcome.accepted.rawValue)))
        shedCell = shard.cell(SeriesKey(.connectionsTotal, a: id, c: UInt16(ConnectionOutcome.shed.rawValue)))
        failedCell = shard.cell(SeriesKey(.connectionsTotal, a: id, c: UInt16(ConnectionOutcome.failed.rawValue)))
    }

    /// The same listener under another name, for the connections to come.
    func renamed(_ name: String, registry: MetricRegistry) -> WorkerListener {
        WorkerListener(listener, name: name, shard: shard, registry: registry, removal: removal)
    }

    func remove() { removal.isDone = true }

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

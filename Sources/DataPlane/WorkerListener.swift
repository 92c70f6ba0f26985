import Bytes
package import EventLoop
package import Telemetry

/// A listener as one worker accepts from it.
package final class WorkerListener {
    let listener: Listener
    /// As the access log writes it.
    let nameBytes: [UInt8]
    /// nil: plain HTTP. For connections to come.
    private(set) var tls: ListenerTLS?
    var handshakeTimeout: Int64 { tls?.handshakeTimeout ?? 0 }
    var clientFields: [ClientCertificateField] { tls?.clientFields ?? [] }
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
    private let label: UInt32
    /// Cells of handshakes, looked up by the first one of each kind.
    private var handshakeCells = [Int](repeating: -1, count: HandshakeOutcome.allCases.count)

    package convenience init(
        _ listener: Listener, name: String, tls: ListenerTLS? = nil, shard: MetricShard, registry: MetricRegistry
    ) {
        self.init(listener, name: name, shard: shard, registry: registry, removal: Removal())
        self.tls = tls
    }

    private init(
        _ listener: Listener, name: String, shard: MetricShard, registry: MetricRegistry, removal: Removal
    ) {
        self.listener = listener
        self.removal = removal
        self.shard = shard
        nameBytes = Array(name.utf8)
        let id = registry.listeners.id(for: name)
        label = id
        activeCell = shard.cell(SeriesKey(.connections, a: id, c: UInt16(ConnectionState.active.rawValue)))
        idleCell = shard.cell(SeriesKey(.connections, a: id, c: UInt16(ConnectionState.idle.rawValue)))
        acceptedCell = shard.cell(SeriesKey(.connectionsTotal, a: id, c: UInt16(ConnectionOutcome.accepted.rawValue)))
        shedCell = shard.cell(SeriesKey(.connectionsTotal, a: id, c: UInt16(ConnectionOutcome.shed.rawValue)))
        failedCell = shard.cell(SeriesKey(.connectionsTotal, a: id, c: UInt16(ConnectionOutcome.failed.rawValue)))
    }

    /// The same listener under another name, for the connections to come.
    func renamed(_ name: String, registry: MetricRegistry) -> WorkerListener {
        let renamed = WorkerListener(listener, name: name, shard: shard, registry: registry, removal: removal)
        renamed.tls = tls
        return renamed
    }

    /// Speaks TLS in another way, or not any more, with connections to come.
    func use(_ tls: ListenerTLS?) { self.tls = tls }

    func remove() { removal.isDone = true }

    /// Counts connections that changed their state.
    func moved(active: Int, idle: Int) {
        if active != 0 { shard.adjust(activeCell, by: active) }
        if idle != 0 { shard.adjust(idleCell, by: idle) }
    }

    func count(_ outcome: HandshakeOutcome) {
        let index = Int(outcome.rawValue)
        if handshakeCells[index] < 0 {
            handshakeCells[index] = shard.cell(SeriesKey(.tlsHandshakes, a: label, c: UInt16(outcome.rawValue)))
        }
        shard.add(handshakeCells[index])
    }

    func count(_ outcome: ConnectionOutcome) {
        switch outcome {
        case .accepted: shard.add(acceptedCell)
        case .shed: shard.add(shedCell)
        case .failed: shard.add(failedCell)
        }
    }
}

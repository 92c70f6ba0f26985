import Bytes
import Config
import GatewayTesting
import HTTP
import Plugins
import Synchronization
import Telemetry
import Testing
import Upstream

@testable import DataPlane
@testable import EventLoop

/// A worker on a thread of its own behind a real listener on loopback.
final class RunningWorker {
    /// What was left when the worker had stopped.
    struct Remains: Sendable {
        /// Buffers that nobody gave back.
        var lentBuffers: Int
        var clients: Int
    }

    let port: UInt16
    private let shared: WorkerShared
    private let registry: MetricRegistry
    private let remains: Mailbox<Remains>

    /// - Parameter upstreamPort: where everything is forwarded to; nil lets the route answer by itself.
    init(
        _ fixture: SnapshotFixture = SnapshotFixture(), upstreamPort: UInt16? = nil, filters: [any Filter] = [],
        connectionsMax: Int = 1000
    ) throws {
        registry = fixture.registry
        let shared = try WorkerShared(index: 0)
        let remains = try Mailbox<Remains>()
        let listener = try Listener.bind(.ip(.loopback, port: 0))
        port = UInt16(listener.localPort)
        let pool = upstreamPort.map { _ in fixture.pool() }
        let snapshot = try fixture.snapshot(upstream: pool, filters: filters)
        if let upstreamPort {
            let target = ResolvedTarget(
                targetIndex: 0, address: .ip(.loopback, port: upstreamPort), weight: 1, label: "origin")
            let plan = BalancePlan([target], balance: .roundRobin)
            shared.mailbox.post(.endpoints(upstream: "origin", revision: 0, plan))
        }
        let parts = Worker.Parts(
            shared: shared, snapshot: SnapshotParcel(snapshot), shard: ShardParcel(fixture.shard),
            listeners: [ListenerAddition(number: 0, name: "http", listener: listener)], registry: registry,
            budget: ConnectionBudget(limit: connectionsMax), seed: 1)
        try WorkerThread.start(name: "worker-test") {
            guard let worker = try? Worker(parts) else { return }
            worker.run()
            remains.post(
                Remains(
                    lentBuffers: worker.buffers.lentCount,
                    clients: parts.shared.connectionCount.load(ordering: .relaxed)))
        }
        self.shared = shared
        self.remains = remains
    }

    func send(_ message: WorkerMessage) { shared.mailbox.post(message) }

    var connectionCount: Int { shared.connectionCount.load(ordering: .relaxed) }

    /// The exposition; settled only once the worker has stopped.
    func metrics() throws -> MetricsSnapshot {
        try MetricsSnapshot(parsing: String(decoding: registry.renderText(), as: UTF8.self))
    }

    func awaitStop() throws -> Remains {
        try awaitReadiness(of: remains.descriptor, .read)
        return try #require(remains.drain().first)
    }

    /// Lets the worker finish what it has, and checks that nothing is left of it: no buffer, no connection, no count.
    func expectCleanEnd(after message: WorkerMessage = .drain) throws {
        send(message)
        let remains = try awaitStop()
        #expect(remains.lentBuffers == 0, "buffers were lost")
        #expect(remains.clients == 0)
        let gauges = ["gateway_connections", "gateway_upstream_connections", "gateway_http_requests_in_flight"]
        let lines = try metrics().text.split(separator: "\n")
            .filter { line in gauges.contains { line.hasPrefix($0 + "{") || line.hasPrefix($0 + " ") } }
        #expect(lines.count >= 3 && lines.allSatisfy { $0.hasSuffix(" 0") }, "\(lines)")
    }
}

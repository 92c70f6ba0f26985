import Bytes
import Config
import HTTP
import Plugins
import Routing
import Telemetry
import Upstream

@testable import DataPlane

/// What a snapshot of a test is made of; everything that the test is not about has a default.
struct SnapshotFixture {
    let registry = MetricRegistry(workerCount: 1, methodNames: HTTP.Method.allCases.map { "\($0.name)" })
    let shard: MetricShard
    var trustedProxies: [String] = []
    var bodyLimit = 10 << 20
    var requestTimeout: Duration = .seconds(30)
    var bodyIdle: Duration = .seconds(60)
    var keepAlive: Duration = .seconds(75)

    init() {
        shard = registry.makeShard(worker: 0)
    }

    /// A snapshot that forwards everything to `upstream`, or answers by itself when that is nil.
    func snapshot(upstream: UpstreamPool? = nil, filters: [any Filter] = []) throws -> WorkerSnapshot {
        let configs = [RouteConfig(name: "all", action: .respond(status: 200, body: "", headers: []))]
        let action: Route.Action =
            upstream.map { .forward($0) }
            ?? .respond(LocalResponse(status: 200, reason: .ok, body: Array("local".utf8)))
        let route = Route(
            name: "all", action: action, rewrite: nil, mirror: nil,
            filters: filters.isEmpty ? nil : FilterChain(filters),
            settings: Route.Settings(requestTimeout: requestTimeout, bodyIdleTimeout: bodyIdle, bodyLimit: bodyLimit),
            series: RouteSeries(shard: shard, route: registry.routes.id(for: "all")))
        return WorkerSnapshot(
            generation: 1, table: try RouteTable(compiling: configs), routes: [route],
            pools: upstream.map { [$0] } ?? [], limits: RequestLimits(),
            timeouts: WorkerSnapshot.Timeouts(
                requestHead: .seconds(10), bodyIdle: bodyIdle, keepAlive: keepAlive, request: requestTimeout),
            trustedProxies: trustedProxies.compactMap { AddressBlock($0) }, bodyLimit: bodyLimit,
            unmatched: RouteSeries(shard: shard, route: registry.routes.id(for: "none")))
    }

    func pool(name: String = "origin") -> UpstreamPool {
        var config = UpstreamConfig(name: name)
        config.targets = [.init(host: "127.0.0.1", port: 80)]
        let cluster = Cluster(config: config, workerIndex: 0, shared: ClusterShared())
        return UpstreamPool(
            name: name, cluster: cluster, hashSource: nil,
            settings: UpstreamPool.Settings(
                connectTimeout: .seconds(5), responseTimeout: .seconds(20), idleTimeout: .seconds(55), idleMax: 8),
            shard: shard, registry: registry)
    }
}

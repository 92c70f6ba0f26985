import Bytes
package import Config
package import DataPlane
import HTTP
import Plugins
import Routing
package import Telemetry
package import Upstream

/// Compiles one generation of the configuration, once for each worker: what a worker reads shares nothing mutable, and
/// no reference count, with what another one reads.
package struct SnapshotBuilder {
    private let config: GatewayConfig
    private let generation: Int
    private let registry: MetricRegistry
    private let directory: ClusterDirectory

    package init(
        config: GatewayConfig, generation: Int, registry: MetricRegistry, directory: ClusterDirectory
    ) {
        self.config = config
        self.generation = generation
        self.registry = registry
        self.directory = directory
    }

    /// - Throws: `ConfigFailure` with everything that only compiling finds: regular expressions, templates, ambiguity.
    package func build(worker: Int, shard: MetricShard) throws(ConfigFailure) -> WorkerSnapshot {
        let table = try RouteTable(compiling: config.routes)
        let pools = config.upstreams.map { makePool($0, worker: worker, shard: shard) }
        var poolsByName: [String: UpstreamPool] = [:]
        for pool in pools { poolsByName[pool.name] = pool }
        var routes: [Route] = []
        routes.reserveCapacity(config.routes.count)
        for route in config.routes { routes.append(try makeRoute(route, pools: poolsByName, shard: shard)) }
        let timeouts = config.timeouts
        return WorkerSnapshot(
            generation: generation, table: table, routes: routes, pools: pools,
            limits: RequestLimits(
                lineBytesMax: config.limits.requestLine, headBytesMax: config.limits.headers,
                headerCountMax: config.limits.headerCount, underscores: underscorePolicy),
            timeouts: WorkerSnapshot.Timeouts(
                requestHead: timeouts.requestHead, bodyIdle: timeouts.bodyIdle, keepAlive: timeouts.keepAlive,
                request: timeouts.request),
            trustedProxies: config.trustedProxies.compactMap { AddressBlock($0.value) },
            bodyLimit: config.limits.body,
            unmatched: RouteSeries(shard: shard, route: registry.routes.id(for: "none")))
    }

    private var underscorePolicy: UnderscorePolicy {
        switch config.limits.underscoreHeaders {
        case .drop: .drop
        case .allow: .allow
        case .reject: .reject
        }
    }

    // MARK: Upstreams

    private func makePool(_ upstream: UpstreamConfig, worker: Int, shard: MetricShard) -> UpstreamPool {
        let cluster = Cluster(
            config: upstream, workerIndex: worker, shared: directory.shared(for: upstream.name))
        return UpstreamPool(
            name: upstream.name, cluster: cluster, hashSource: hashSource(upstream.balance),
            settings: UpstreamPool.Settings(
                connectTimeout: upstream.connectTimeout, responseTimeout: upstream.responseTimeout,
                idleTimeout: upstream.keepAliveIdle, idleMax: upstream.keepAlivePerWorker),
            shard: shard, registry: registry)
    }

    private func hashSource(_ balance: UpstreamConfig.Balance) -> HashSource? {
        guard case .hash(let key) = balance else { return nil }
        return switch key {
        case .clientIP: .clientIP
        case .path: .path
        case .host: .host
        case .header(let name): .header(Array(name.lowercased().utf8))
        case .query(let name): .query(Array(name.utf8))
        case .cookie(let name): .cookie(Array(name.utf8))
        }
    }

    // MARK: Routes

    private func makeRoute(
        _ route: RouteConfig, pools: [String: UpstreamPool], shard: MetricShard
    ) throws(ConfigFailure) -> Route {
        var rewrite: PathRewrite?
        if let config = route.rewrite { rewrite = try PathRewrite(compiling: config, route: route) }
        let filters = route.middleware.compactMap(middleware).map(FilterFactory.makeFilter)
        var mirror: Route.Mirror?
        if let config = route.mirror, let pool = pools[config.upstream.name] {
            mirror = Route.Mirror(pool: pool, sample: config.sample)
        }
        return Route(
            name: route.name, action: try makeAction(route, pools: pools), rewrite: rewrite, mirror: mirror,
            filters: filters.isEmpty ? nil : FilterChain(filters),
            settings: Route.Settings(
                requestTimeout: route.requestTimeout ?? config.timeouts.request,
                bodyIdleTimeout: route.bodyIdleTimeout ?? config.timeouts.bodyIdle,
                bodyLimit: route.bodyLimit ?? config.limits.body),
            series: RouteSeries(shard: shard, route: registry.routes.id(for: route.name)))
    }

    private func middleware(_ reference: MiddlewareReference) -> MiddlewareConfig? {
        switch reference {
        case .inline(let config): config
        case .named(let name): config.middleware.first { $0.name == name.value }
        }
    }

    private func makeAction(
        _ route: RouteConfig, pools: [String: UpstreamPool]
    ) throws(ConfigFailure) -> Route.Action {
        switch route.action {
        case .upstream(let reference): return .forward(try pool(reference, pools, route))
        case .split(let targets):
            var parts: [(pool: UpstreamPool, weight: Int)] = []
            for target in targets { parts.append((try pool(target.upstream, pools, route), target.weight)) }
            return .split(SplitAction(parts))
        case .redirect(let status, let location):
            return .redirect(status: status, location: try LocationTemplate(compiling: location, route: route))
        case .respond(let status, let body, let headers):
            return .respond(respond(status, body, headers))
        }
    }

    private func respond(_ status: Int, _ body: String, _ headers: [HeaderLine]) -> LocalResponse {
        let hasType = headers.contains { $0.name.lowercased() == "content-type" }
        return LocalResponse(
            status: status, reason: .ok,
            headers: headers.map { HeaderPair(name: Array($0.name.utf8), value: Array($0.value.utf8)) },
            body: Array(body.utf8), contentType: hasType || body.isEmpty ? nil : "text/plain; charset=utf-8")
    }

    private func pool(
        _ reference: UpstreamReference, _ pools: [String: UpstreamPool], _ route: RouteConfig
    ) throws(ConfigFailure) -> UpstreamPool {
        guard let pool = pools[reference.name] else {
            // The decoder has checked references; this guards configurations that were built in code.
            throw ConfigFailure([
                ConfigDiagnostic(
                    .error, code: "unknown-upstream", "route \"\(route.name)\" names an upstream that does not exist",
                    at: reference.position)
            ])
        }
        return pool
    }
}

import Bytes
package import Config
package import DataPlane
import HTTP
package import Plugins
import Routing
import TLS
package import Telemetry
package import Upstream

/// Compiles one generation of the configuration, once for each worker: what a worker reads shares nothing mutable, and
/// no reference count, with what another one reads.
package struct SnapshotBuilder {
    private let config: GatewayConfig
    private let generation: Int
    private let registry: MetricRegistry
    private let directory: ClusterDirectory
    private let middlewareByName: [String: MiddlewareConfig]
    /// Revision and first addresses of each upstream that gets a new pool.
    package var revisions: [String: Int] = [:]
    package var plans: [String: BalancePlan] = [:]
    /// What scripts share.
    package var resources: LuaResources?
    /// What built-in filters share.
    package var filterResources = FilterResources()
    package var environment: @Sendable (String) -> String? = { _ in nil }

    /// What one worker's snapshot is built with, beside the configuration.
    package struct WorkerPart {
        package var index: Int
        package var shard: MetricShard
        /// Pools of the running snapshot, by name; those whose upstream means the same are handed on.
        package var pools: [String: UpstreamPool] = [:]
        package var accessLog: AccessLogLane?
        /// Programs of the running snapshot; those that mean the same are handed on.
        package var programs: [LuaProgram] = []

        package init(index: Int, shard: MetricShard) {
            self.index = index
            self.shard = shard
        }
    }

    package init(
        config: GatewayConfig, generation: Int, registry: MetricRegistry, directory: ClusterDirectory
    ) {
        self.config = config
        self.generation = generation
        self.registry = registry
        self.directory = directory
        middlewareByName = Dictionary(config.middleware.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Throws: `ConfigFailure` with everything that only compiling finds: regular expressions, templates, ambiguity.
    package func build(_ part: WorkerPart) throws(ConfigFailure) -> WorkerSnapshot {
        let shard = part.shard
        let table = try RouteTable(compiling: config.routes)
        var pools: [UpstreamPool] = []
        for upstream in config.upstreams {
            if let pool = part.pools[upstream.name], pool.cluster.config.means(upstream) {
                pools.append(pool)
            } else {
                pools.append(try makePool(upstream, part))
            }
        }
        var poolsByName: [String: UpstreamPool] = [:]
        for pool in pools { poolsByName[pool.name] = pool }
        let scripts = try makeScripts(part)
        var routes: [Route] = []
        routes.reserveCapacity(config.routes.count)
        for route in config.routes {
            routes.append(try makeRoute(route, pools: poolsByName, scripts: scripts, shard: shard))
        }
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
            unmatched: RouteSeries(shard: shard, route: registry.routes.id(for: "none")),
            accessLog: part.accessLog.map { makeAccessLog($0) }, programs: scripts.programs)
    }

    private func makeScripts(_ part: WorkerPart) throws(ConfigFailure) -> LuaProgramSet {
        guard let resources else { return LuaProgramSet() }
        var parts = LuaProgramSet.Parts(
            resources: resources, registry: registry, lua: config.lua, environment: environment)
        parts.previous = part.programs
        return try LuaProgramSet(config.allMiddleware, parts)
    }

    private func makeAccessLog(_ lane: AccessLogLane) -> AccessLog {
        let log = config.accessLog
        var conditions = AccessLog.Conditions()
        conditions.minStatus = log.when.minStatus
        conditions.minDuration = log.when.minDuration
        conditions.sample = log.when.sample
        return AccessLog(
            format: AccessLogFormat(log), conditions: conditions,
            redactedParameters: log.redactQuery + config.credentialParameters, lane: lane)
    }

    private var underscorePolicy: UnderscorePolicy {
        switch config.limits.underscoreHeaders {
        case .drop: .drop
        case .allow: .allow
        case .reject: .reject
        }
    }

    // MARK: Upstreams

    private func makePool(_ upstream: UpstreamConfig, _ part: WorkerPart) throws(ConfigFailure) -> UpstreamPool {
        var tls: UpstreamTLS?
        if upstream.usesTLS { tls = UpstreamTLS(try client(of: upstream), serverName: upstream.tls.serverName) }
        let cluster = Cluster(
            config: upstream, workerIndex: part.index, shared: directory.shared(for: upstream.name))
        let pool = UpstreamPool(
            name: upstream.name, revision: revisions[upstream.name] ?? 0, cluster: cluster,
            hashSource: hashSource(upstream.balance),
            settings: UpstreamPool.Settings(
                connectTimeout: upstream.connectTimeout, responseTimeout: upstream.responseTimeout,
                idleTimeout: upstream.keepAliveIdle, idleMax: upstream.keepAlivePerWorker),
            tls: tls, shard: part.shard, registry: registry)
        if let plan = plans[upstream.name] { pool.prepare(plan) }
        return pool
    }

    private func client(of upstream: UpstreamConfig) throws(ConfigFailure) -> TLSClient {
        do throws(TLSProblem) {
            return try TLSClient(upstream.tls)
        } catch {
            // The files were checked when they were read; this guards configurations that were built in code.
            throw ConfigFailure([
                ConfigDiagnostic(
                    .error, code: "bad-certificate", error.message, at: upstream.tls.position,
                    path: "upstreams.\(upstream.name).tls")
            ])
        }
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
        case .variable(let name): .variable(Array(name.utf8))
        }
    }

    // MARK: Routes

    private func makeRoute(
        _ route: RouteConfig, pools: [String: UpstreamPool], scripts: LuaProgramSet, shard: MetricShard
    ) throws(ConfigFailure) -> Route {
        var rewrite: PathRewrite?
        if let config = route.rewrite { rewrite = try PathRewrite(compiling: config, route: route) }
        var filterContext = FilterContext(
            scripts: scripts, resources: filterResources, shard: shard, registry: registry)
        filterContext.definitions = middlewareByName
        var filters: [any Filter] = []
        for reference in route.middleware {
            guard let config = middleware(reference) else { continue }
            if case .inline = reference { filterContext.owner = route.name } else { filterContext.owner = "" }
            guard let filter = FilterFactory.makeFilter(config, filterContext) else {
                guard case .lua = config.filter else { throw Self.unusable(config) }
                continue
            }
            filters.append(filter)
        }
        var mirror: Route.Mirror?
        if let config = route.mirror, let pool = pools[config.upstream.name] {
            mirror = Route.Mirror(pool: pool, sample: config.sample)
        }
        return Route(
            name: route.name, prefix: route.literalPrefix, action: try makeAction(route, pools: pools),
            rewrite: rewrite, mirror: mirror,
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
        case .named(let name): middlewareByName[name.value]
        }
    }

    /// Loading has checked what filters are made of; this guards configurations that were built in code. A filter that
    /// is left out would let everybody in.
    private static func unusable(_ config: MiddlewareConfig) -> ConfigFailure {
        ConfigFailure([
            ConfigDiagnostic(
                .error, code: "unusable-middleware", "the middleware \"\(config.name)\" cannot be made",
                at: config.position)
        ])
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

extension RouteConfig {
    /// The start of its path that is the same for all requests, such as `/api/users` of `/api/users/*`.
    fileprivate var literalPrefix: String {
        guard case .pattern(let pattern) = match.path else { return "" }
        let literal = pattern.prefix { $0 != "{" && $0 != "*" }
        return literal.count > 1 && literal.hasSuffix("/") ? String(literal.dropLast()) : String(literal)
    }
}

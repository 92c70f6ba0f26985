import Bytes
import Config
import DataPlane
import EventLoop
import Foundation
import HTTP
import Plugins
import Telemetry
import Upstream

/// One filter on a route of its own, between a client and upstreams that a test plays: the real parser, router, engine
/// and serialisers on a virtual clock.
final class FilterBench {
    struct Options {
        var configuration: ConfigNode?
        var upstreams: [String] = []
        var secrets: [String: String] = [:]
        var lua: ConfigNode?
    }

    let resources: LuaResources
    let registry: MetricRegistry
    let program: LuaProgram
    private let worker: TrialWorker

    /// - Throws: `ConfigFailure` with what is wrong with the script or its configuration.
    init(
        _ name: String, folder: String, options: Options, collectsCoverage: Bool = false,
        sharing: ([StoreConfig]) -> LuaResources = { LuaResources(workerCount: 1, stores: $0) }
    ) throws(ConfigFailure) {
        let config = try Self.config(name, folder: folder, options: options)
        registry = MetricRegistry(workerCount: 1, methodNames: Method.allCases.map { "\($0.name)" })
        resources = sharing(config.stores)
        var builder = SnapshotBuilder(config: config, generation: 1, registry: registry, directory: ClusterDirectory())
        builder.resources = resources
        for upstream in config.upstreams {
            let target = ResolvedTarget(
                targetIndex: 0, address: .ip(.loopback, port: 1), weight: 1, label: upstream.name)
            builder.plans[upstream.name] = BalancePlan([target], balance: upstream.balance)
        }
        let shard = registry.makeShard(worker: 0)
        let snapshot = try builder.build(SnapshotBuilder.WorkerPart(index: 0, shard: shard))
        guard let program = snapshot.programs.first else {
            throw ConfigFailure([ConfigDiagnostic(.error, code: "filter-script", "nothing was loaded", at: .unknown)])
        }
        self.program = program
        if collectsCoverage { program.collectCoverage() }
        do throws(SystemError) {
            worker = try TrialWorker(snapshot: snapshot, shard: shard, registry: registry, pause: 0)
        } catch {
            throw ConfigFailure([ConfigDiagnostic(.error, code: "filter-script", "\(error)", at: .unknown)])
        }
    }

    static let upstreamName = "test-upstream"

    /// A configuration that grants the filter what it asks for.
    static func config(_ name: String, folder: String, options: Options) throws(ConfigFailure) -> GatewayConfig {
        var lua = LuaFilterConfig()
        if let written = options.lua {
            var entries: [ConfigNode.Entry] = []
            if case .mapping(let own) = written.content { entries = own }
            entries.append(
                ConfigNode.Entry(
                    key: "script", keyPosition: .unknown, value: ConfigNode(.scalar(ConfigNode.Scalar(name)))))
            lua = try LuaFilterConfig.decode(ConfigNode(.mapping(entries)))
        }
        lua.script = Located(name)
        lua.config = options.configuration.map { Located($0) }
        lua.exposeErrors = true
        let uses = try uses(of: name, folder: folder, lua: lua, options: options)
        var config = GatewayConfig()
        var names = [upstreamName] + uses.upstreams + options.upstreams
        if let configuration = options.configuration { names += texts(in: configuration) }
        var seen: Set<String> = []
        for upstream in names where !upstream.isEmpty && seen.insert(upstream).inserted {
            var made = UpstreamConfig(name: upstream)
            made.targets = [UpstreamConfig.Target(host: "127.0.0.1", port: 1)]
            config.upstreams.append(made)
        }
        for store in Set(uses.stores).sorted() {
            var made = StoreConfig()
            made.name = store
            made.size = 4 << 20
            config.stores.append(made)
        }
        config.lua.policy.http = uses.upstreams.map { UpstreamReference($0) }
        config.lua.policy.stores = uses.stores.map { Located($0) }
        config.lua.policy.environment = uses.environment
        config.lua.policy.secrets = uses.secrets.map {
            LuaSecretConfig(name: $0, value: options.secrets[$0] ?? "secret of \($0)")
        }
        var route = RouteConfig(name: "test", action: .upstream(UpstreamReference(upstreamName)))
        route.middleware = [.inline(MiddlewareConfig(name: name, filter: .lua(lua)))]
        config.routes = [route]
        var staging = Self.staging(folder)
        staging.stage(&config)
        let errors = staging.diagnostics.filter { $0.severity == .error }
        guard errors.isEmpty else { throw ConfigFailure(errors) }
        return config
    }

    private static func staging(_ folder: String) -> ScriptStaging {
        ScriptStaging(folder: folder, history: ScriptHistory(), environment: { _ in nil }) {
            ScriptFiles.read($0, in: folder)
        }
    }

    private static func uses(
        of name: String, folder: String, lua: LuaFilterConfig, options: Options
    ) throws(ConfigFailure) -> ScriptManifest.Uses {
        var tried: [String] = []
        let files: [ScriptProgram.File]
        do throws(ScriptFiles.Problem) {
            files = try ScriptFiles(folder: folder) { ScriptFiles.read($0, in: folder) }.load(name, tried: &tried)
        } catch {
            throw ConfigFailure([
                ConfigDiagnostic(
                    .error, code: "filter-script", error.message, at: error.position ?? .unknown, hint: error.hint)
            ])
        }
        let program = ScriptProgram(name: name, hash: "", version: "", files: files)
        let manifest: ScriptManifest
        do throws(LuaFailure) {
            let findings = try LuaInspection(limits: lua.limits).describe(program)
            manifest = try ScriptManifest(findings, script: program)
        } catch {
            throw ConfigFailure([ScriptDiagnostic.make(error, script: program, at: .unknown)])
        }
        let (value, problems) = manifest.schema.check(options.configuration, at: .unknown, path: "config")
        guard let value else { throw ConfigFailure(problems) }
        return manifest.uses.resolved(by: value)
    }

    /// Names that a configuration may mean as upstreams.
    private static func texts(in node: ConfigNode) -> [String] {
        switch node.content {
        case .scalar(let scalar):
            let isName = scalar.text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
            return isName && scalar.text.utf8.count <= 64 ? [scalar.text] : []
        case .mapping(let entries): return entries.flatMap { texts(in: $0.value) }
        case .sequence(let items): return items.flatMap { texts(in: $0) }
        case .failed: return []
        }
    }

    // MARK: Running

    func run(_ request: [UInt8], from peer: IPAddress, _ upstream: TrialUpstream) throws(SystemError) -> TrialOutcome {
        try worker.run(request, from: peer, upstream: upstream)
    }

    func advance(seconds: Double) throws(SystemError) {
        try worker.advance(byNanoseconds: Int64(seconds * 1_000_000_000))
    }

    var now: Int64 { worker.now.nanoseconds }
}

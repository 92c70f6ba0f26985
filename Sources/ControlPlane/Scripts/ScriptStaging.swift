import Config
import Foundation
import Plugins
import Telemetry

/// Reads every script that a configuration uses, and checks it as far as that goes without a request: that it loads,
/// what it declares, that it may have what it asks for, that its configurations fit its schema, and that `on_init` goes
/// through.
struct ScriptStaging {
    private let files: ScriptFiles
    private let history: ScriptHistory
    private let environment: (String) -> String?
    private(set) var diagnostics: [ConfigDiagnostic] = []
    /// Every path that was read or looked for.
    private(set) var tried: [String] = []
    private var loaded: [String: LoadedScript?] = [:]

    private struct LoadedScript {
        var program: ScriptProgram
        var manifest: ScriptManifest
    }

    /// - Parameter folder: `lua.path`, from where the configuration is.
    init(
        folder: String, history: ScriptHistory, environment: @escaping (String) -> String?,
        read: @escaping (String) -> VariableExpansion.FileText
    ) {
        files = ScriptFiles(folder: folder, read: read)
        self.history = history
        self.environment = environment
    }

    /// Puts its program into every use of a script.
    mutating func stage(_ config: inout GatewayConfig) {
        checkStores(config)
        let resources = LuaResources(workerCount: 1, stores: config.stores)
        for index in config.middleware.indices {
            stage(&config.middleware[index], path: "middleware.\(config.middleware[index].name)", config, resources)
        }
        for route in config.routes.indices {
            for place in config.routes[route].middleware.indices {
                guard case .inline(var middleware) = config.routes[route].middleware[place] else { continue }
                stage(&middleware, path: "routes[\(route)].middleware[\(place)]", config, resources)
                config.routes[route].middleware[place] = .inline(middleware)
            }
        }
        config.scriptMetrics = resources.families(now: 0).map(\.name)
    }

    private mutating func checkStores(_ config: GatewayConfig) {
        let names = config.stores.map(\.name)
        for store in config.lua.policy.stores where !names.contains(store.value) {
            diagnostics.append(
                ConfigDiagnostic(
                    .error, code: "unknown-store", "there is no store \"\(store.value)\"", at: store.position,
                    path: "lua.policy.stores", hint: "define it under stores, such as \(store.value): 16MiB"))
        }
    }

    private mutating func stage(
        _ middleware: inout MiddlewareConfig, path: String, _ config: GatewayConfig, _ resources: LuaResources
    ) {
        guard case .lua(var lua) = middleware.filter else { return }
        guard let script = script(lua.script, lua.limits, path: path) else { return }
        var program = script.program
        let position = lua.config?.position ?? middleware.position
        let (value, problems) = script.manifest.schema.check(
            lua.config?.value, at: position, path: path + ".config")
        diagnostics += problems
        guard let value, !problems.contains(where: { $0.severity == .error }) else { return }
        program.configuration = value.compact
        let uses = script.manifest.uses.resolved(by: value)
        guard allow(uses, config.lua.policy, &program, at: lua.script.position, path: path) else { return }
        do throws(LuaFailure) {
            try LuaInspection(limits: lua.limits).initialize(
                program, named: middleware.name, resources: resources, environment: environment)
        } catch {
            diagnostics.append(ScriptDiagnostic.make(error, script: program, at: lua.script.position))
            return
        }
        lua.program = program
        middleware.filter = .lua(lua)
    }

    /// The script of that name, read once.
    private mutating func script(_ name: Located<String>, _ limits: LuaLimitsConfig, path: String) -> LoadedScript? {
        if let known = loaded[name.value] { return known }
        let script = load(name, limits, path: path)
        loaded[name.value] = .some(script)
        return script
    }

    private mutating func load(_ name: Located<String>, _ limits: LuaLimitsConfig, path: String) -> LoadedScript? {
        let read: [ScriptProgram.File]
        do throws(ScriptFiles.Problem) {
            read = try files.load(name.value, tried: &tried)
        } catch {
            diagnostics.append(
                ConfigDiagnostic(
                    .error, code: "filter-script", error.message, at: error.position ?? name.position,
                    path: path + ".script", hint: error.hint))
            return nil
        }
        var program = ScriptProgram(
            name: name.value, hash: ScriptHash.of(read), version: "", files: read)
        if let kept = history.replacement(for: program) {
            diagnostics.append(
                ConfigDiagnostic(
                    .warning, code: "filter-rolled-back",
                    "\(program.label) failed on real requests and was taken back; \(kept.label) serves in its place",
                    at: SourcePosition(file: program.path, line: 1, column: 1), path: "filters.\(name.value)",
                    hint: "change the script"))
            program = kept
            program.isRolledBack = true
        }
        do throws(LuaFailure) {
            let findings = try LuaInspection(limits: limits).describe(program)
            let manifest = try ScriptManifest(findings, script: program)
            manifest.apply(to: &program)
            return LoadedScript(program: program, manifest: manifest)
        } catch {
            diagnostics.append(ScriptDiagnostic.make(error, script: program, at: name.position))
            return nil
        }
    }

    /// What the script asks for, as far as the policy allows it; false when it does not.
    private mutating func allow(
        _ uses: ScriptManifest.Uses, _ policy: LuaPolicyConfig, _ program: inout ScriptProgram,
        at position: SourcePosition, path: String
    ) -> Bool {
        var isAllowed = true
        func refuse(_ kind: String, _ name: String, _ key: String) -> ConfigDiagnostic {
            ConfigDiagnostic(
                .error, code: "filter-policy", "the script \"\(program.name)\" uses the \(kind) \"\(name)\"",
                at: position, path: path, hint: "lua.policy.\(key) does not allow that; add \(name) to it")
        }
        for name in uses.upstreams where !policy.http.contains(where: { $0.name == name }) {
            diagnostics.append(refuse("upstream", name, "http"))
            isAllowed = false
        }
        for name in uses.stores where !policy.stores.contains(where: { $0.value == name }) {
            diagnostics.append(refuse("store", name, "stores"))
            isAllowed = false
        }
        for name in uses.environment where !policy.environment.contains(name) {
            diagnostics.append(refuse("variable", name, "env"))
            isAllowed = false
        }
        program.secrets = []
        for name in uses.secrets {
            if let secret = policy.secrets.first(where: { $0.name == name }) {
                program.secrets.append(secret)
            } else {
                diagnostics.append(refuse("secret", name, "secrets"))
                isAllowed = false
            }
        }
        program.upstreams = uses.upstreams
        program.stores = uses.stores
        program.environment = uses.environment
        program.usesTimers = uses.timers
        return isAllowed
    }
}

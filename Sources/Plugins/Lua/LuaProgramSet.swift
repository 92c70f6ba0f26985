package import Config
package import Telemetry

/// The programs of one generation on one worker.
package struct LuaProgramSet {
    package private(set) var programs: [LuaProgram] = []
    private var instances: [(name: String, config: LuaFilterConfig, program: LuaProgram, instance: LuaInstance)] = []

    /// What programs are made with.
    package struct Parts {
        package var resources: LuaResources
        package var registry: MetricRegistry
        package var lua: LuaConfig
        package var environment: @Sendable (String) -> String?
        /// The programs of the running generation; those that mean the same are handed on.
        package var previous: [LuaProgram] = []
        /// Where the counts of a new program are, by its script.
        package var counts: (ScriptProgram) -> LuaProgramCounts = { _ in LuaProgramCounts() }

        package init(
            resources: LuaResources, registry: MetricRegistry, lua: LuaConfig,
            environment: @escaping @Sendable (String) -> String?
        ) {
            self.resources = resources
            self.registry = registry
            self.lua = lua
            self.environment = environment
        }
    }

    package init() {}

    /// - Throws: `ConfigFailure` with what a script said while it was loaded.
    package init(_ middleware: [MiddlewareConfig], _ parts: Parts) throws(ConfigFailure) {
        var diagnostics: [ConfigDiagnostic] = []
        for group in Self.groups(middleware) {
            let identity = group.identity(parts)
            if let kept = parts.previous.first(where: { $0.identity.means(identity) }) {
                add(kept, group)
                continue
            }
            let before = parts.previous.first { $0.scriptName == group.script.name }
            do throws(LuaFailure) {
                let program = try LuaProgram(
                    identity: identity, script: group.script, instances: group.uses.map { ($0.name, $0.config) },
                    settings: LuaProgram.LuaSettings(
                        limits: group.limits, usesHook: parts.lua.preempt == .hook, environment: parts.environment),
                    resources: parts.resources, registry: parts.registry, counts: parts.counts(group.script),
                    awaitsPredecessor: before?.carriesOver ?? false)
                add(program, group)
            } catch {
                diagnostics.append(ScriptDiagnostic.make(error, script: group.script, at: group.position))
            }
        }
        guard diagnostics.isEmpty else { throw ConfigFailure(diagnostics) }
    }

    private mutating func add(_ program: LuaProgram, _ group: Group) {
        programs.append(program)
        for (use, instance) in zip(group.uses, program.instances) {
            instances.append((use.name, use.config, program, instance))
        }
    }

    func filter(named name: String, _ config: LuaFilterConfig) -> (any Filter)? {
        guard let found = instances.first(where: { $0.name == name && $0.config.means(config) }) else { return nil }
        return LuaFilter(program: found.program, instance: found.instance)
    }

    /// Uses of one script under the same limits share a VM.
    private struct Group {
        let script: ScriptProgram
        let limits: LuaLimitsConfig
        let position: SourcePosition
        var uses: [(name: String, config: LuaFilterConfig)]

        func identity(_ parts: Parts) -> LuaProgram.Identity {
            LuaProgram.Identity(
                script: script, limits: limits, preempt: parts.lua.preempt,
                resources: ObjectIdentifier(parts.resources),
                names: uses.map(\.name), configs: uses.map(\.config))
        }
    }

    private static func groups(_ middleware: [MiddlewareConfig]) -> [Group] {
        var groups: [Group] = []
        for one in middleware {
            guard case .lua(let config) = one.filter, let script = config.program else { continue }
            let index = groups.firstIndex { group in
                group.script.sharesVM(with: script) && group.limits == config.limits
            }
            if let index {
                let isKnown = groups[index].uses.contains { $0.name == one.name && $0.config.means(config) }
                if !isKnown { groups[index].uses.append((one.name, config)) }
            } else {
                groups.append(
                    Group(script: script, limits: config.limits, position: one.position, uses: [(one.name, config)]))
            }
        }
        return groups
    }
}

extension LuaProgram {
    package var scriptName: String { script.name }
    package var scriptHash: String { script.hash }
}

extension ScriptProgram {
    /// All but the configuration is the same.
    fileprivate func sharesVM(with other: ScriptProgram) -> Bool {
        var left = self
        var right = other
        left.configuration = ""
        right.configuration = ""
        return left == right
    }
}

extension LuaProgram {
    /// Everything that makes two programs the same.
    package struct Identity {
        let script: ScriptProgram
        let limits: LuaLimitsConfig
        let preempt: LuaConfig.Preemption
        let resources: ObjectIdentifier
        let names: [String]
        let configs: [LuaFilterConfig]

        func means(_ other: Identity) -> Bool {
            resources == other.resources && preempt == other.preempt && limits == other.limits && names == other.names
                && configs.count == other.configs.count && script.sharesVM(with: other.script)
                && zip(configs, other.configs).allSatisfy { $0.means($1) }
        }
    }
}

extension LuaFilterConfig {
    /// The same in all that is seen when it runs; where it stands in a file does not matter.
    fileprivate func means(_ other: LuaFilterConfig) -> Bool {
        program == other.program && onError == other.onError && limits == other.limits && breaker == other.breaker
            && when == other.when && exposeErrors == other.exposeErrors
    }
}

package import Config
import Telemetry

/// What a script asked for before it was known what it may use.
final class LuaDiscovery {
    var stores: Set<String> = []
    var secrets: Set<String> = []
    var environment: Set<String> = []
    let resources: LuaResources

    init() {
        var store = StoreConfig()
        store.name = "any"
        store.size = 1 << 16
        resources = LuaResources(workerCount: 1, stores: [store])
    }
}

/// Looks at a script without serving with it: by the same engine, in VMs that nobody else uses.
///
/// - Threads: any one.
package struct LuaInspection {
    /// What a script declares, and what it asked for while it was loaded.
    package struct Findings: Sendable {
        /// JSON.
        package var description: String
        package var stores: [String]
        package var secrets: [String]
        package var environment: [String]
    }

    private let limits: LuaLimitsConfig

    package init(limits: LuaLimitsConfig) {
        self.limits = limits
    }

    /// Loads the script, and reads what it declares.
    ///
    /// - Throws: `LuaFailure` with the script's own error, or because it used too much.
    package func describe(_ script: ScriptProgram) throws(LuaFailure) -> Findings {
        let discovery = LuaDiscovery()
        let context = LuaContext(script: script, resources: discovery.resources, environment: { _ in nil })
        context.discovery = discovery
        let vm = try LuaVM(context: context, limits: limits, usesHook: false)
        try vm.load()
        let description = try vm.describe()
        return Findings(
            description: description, stores: discovery.stores.sorted(), secrets: discovery.secrets.sorted(),
            environment: discovery.environment.sorted())
    }

    /// Loads the script as it will be, and runs `on_init` with the configuration of each instance.
    ///
    /// - Parameter resources: shared by the scripts of one configuration, so that two that declare one metric in two
    ///   ways are found.
    /// - Throws: `LuaFailure`, and the number of the instance that it is about.
    package func initialize(
        _ script: ScriptProgram, named name: String, resources: LuaResources,
        environment: (String) -> String?
    ) throws(LuaFailure) {
        let context = LuaContext(script: script, resources: resources, environment: environment)
        let vm = try LuaVM(context: context, limits: limits, usesHook: false)
        try vm.load()
        _ = try vm.describe()
        try vm.addInstance(named: name, configuration: script.configuration)
    }
}

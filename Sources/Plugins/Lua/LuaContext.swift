import Bytes
import CLuaShim
package import Config
package import Telemetry

/// What the scripts of a process share: stores and the metrics that they declare.
///
/// - Soundness of `@unchecked Sendable`: the C objects behind the pointers are made for many threads, and live as long
///   as this does.
@safe
package final class LuaResources: @unchecked Sendable {
    let metrics: OpaquePointer
    private let stores: [String: OpaquePointer]
    private let owned: [OpaquePointer]
    private let previous: LuaResources?
    package let workerCount: Int

    /// - Parameter previous: hands on its metrics, and the stores that are declared alike.
    package init(workerCount: Int, stores configs: [StoreConfig] = [], after previous: LuaResources? = nil) {
        self.workerCount = workerCount
        self.previous = previous
        self.configs = configs
        if let previous {
            unsafe metrics = previous.metrics
        } else {
            guard let made = unsafe gwlua_metrics_new(UInt32(workerCount)) else {
                preconditionFailure("out of memory")
            }
            unsafe metrics = made
        }
        var stores: [String: OpaquePointer] = unsafe [:]
        var owned: [OpaquePointer] = unsafe []
        for config in configs {
            let kept = previous?.configs.first { $0.name == config.name }
            if let kept, kept.size == config.size, kept.policy == config.policy,
                let store = unsafe previous?.stores[config.name]
            {
                unsafe stores[config.name] = store
            } else if let store = unsafe gwlua_store_new(config.size, config.policy == .lru) {
                unsafe stores[config.name] = store
                unsafe owned.append(store)
            }
        }
        unsafe self.stores = stores
        unsafe self.owned = owned
    }

    private let configs: [StoreConfig]

    deinit {
        unsafe owned.forEach { unsafe gwlua_store_free($0) }
        if previous == nil { unsafe gwlua_metrics_free(metrics) }
    }

    /// Whether what follows may keep these as they are.
    package func serves(_ other: [StoreConfig]) -> Bool {
        configs.count == other.count
            && configs.allSatisfy { one in
                other.contains { $0.name == one.name && $0.size == one.size && $0.policy == one.policy }
            }
    }

    func store(_ name: String) -> OpaquePointer? { unsafe stores[name] }
}

extension LuaResources {
    /// The metrics that scripts have declared, as they stand.
    package func families(now: Int64) -> [DeclaredFamily] {
        var pointers = unsafe [OpaquePointer?](repeating: nil, count: 1024)
        let count = unsafe pointers.withUnsafeMutableBufferPointer { space in
            unsafe min(gwlua_metrics_families(metrics, space.baseAddress, space.count), space.count)
        }
        var families: [DeclaredFamily] = []
        for index in 0..<count {
            guard let family = unsafe pointers[index] else { continue }
            unsafe gwlua_family_begin_scrape(family, now)
            unsafe families.append(Self.read(family))
            unsafe gwlua_family_end_scrape(family)
            unsafe gwlua_family_release(family)
        }
        return families
    }

    private static func read(_ family: OpaquePointer) -> DeclaredFamily {
        let kinds: [MetricDeclaration.Kind] = [.counter, .gauge, .histogram]
        let kind = unsafe kinds[Int(gwlua_family_kind(family))]
        let labelCount = unsafe Int(gwlua_family_label_count(family))
        let valueCount = unsafe Int(gwlua_family_value_count(family))
        var declared = unsafe DeclaredFamily(
            name: String(cString: gwlua_family_name(family)), help: String(cString: gwlua_family_help(family)),
            kind: kind,
            labels: (0..<labelCount).map { unsafe String(cString: gwlua_family_label(family, UInt32($0))) },
            buckets: (0..<Int(gwlua_family_bucket_count(family))).map {
                unsafe gwlua_family_bucket(family, UInt32($0))
            },
            series: [], overflowCount: gwlua_family_overflow(family))
        var labels = unsafe [gwlua_metric_text](repeating: gwlua_metric_text(), count: labelCount + 1)
        var values = [Double](repeating: 0, count: valueCount)
        for index in 0..<(unsafe gwlua_family_series_end(family)) {
            let isThere = unsafe labels.withUnsafeMutableBufferPointer { labels in
                unsafe values.withUnsafeMutableBufferPointer { values in
                    unsafe gwlua_family_series(family, index, labels.baseAddress, values.baseAddress)
                }
            }
            guard isThere else { continue }
            let texts = unsafe labels.prefix(labelCount).map { label in
                unsafe String(
                    decoding: UnsafeRawBufferPointer(start: label.bytes, count: label.count), as: UTF8.self)
            }
            declared.series.append(DeclaredFamily.Series(labels: texts, values: values))
        }
        return declared
    }

    /// A configuration is about to be loaded that may declare metrics in another way than before.
    package func beginDeclarations() { unsafe gwlua_metrics_begin(metrics) }

    /// That configuration is in force: metrics that it does not declare are no longer shown.
    package func keepDeclarations(_ names: [String]) {
        // One block, so that all names stay in place while C looks at them.
        var block: [CChar] = []
        var offsets: [Int] = []
        for name in names {
            offsets.append(block.count)
            block += Array(name.utf8CString)
        }
        block.append(0)
        unsafe block.withUnsafeBufferPointer { space in
            let pointers = unsafe offsets.map { offset in unsafe space.baseAddress.map { unsafe $0 + offset } }
            unsafe pointers.withUnsafeBufferPointer {
                unsafe gwlua_metrics_retain_only(metrics, $0.baseAddress, $0.count)
            }
        }
    }
}

/// Where a VM stands: what its script may use, and the worker that runs it.
///
/// A class of its own, since VMs outlive the program that made them until their last request has ended.
@safe
final class LuaContext {
    let script: ScriptProgram
    let resources: LuaResources
    /// As bytes, by module.
    private let modules: [String: [UInt8]]
    private let secrets: [String: [UInt8]]
    private let environment: [String: [UInt8]]
    /// nil on the control plane, which loads scripts before workers get them.
    var host: (any FilterHost)?
    /// Bytes that a host function has lent to the script.
    private var lent: [UInt8] = []
    /// While it is not known yet what a script may use: what it asked for when it was loaded.
    var discovery: LuaDiscovery?
    /// What the test library of a test calls.
    var testHandler: ((_ name: String, _ arguments: [UInt8]) -> LuaTestVM.Answer)?
    /// Keeps the reason for which a test's call is refused.
    var refuse: ((String) -> Void)?
    /// A clock of tests.
    var clock: (() -> (monotonic: Int64, wall: Int64))?

    init(script: ScriptProgram, resources: LuaResources, environment: (String) -> String?) {
        self.script = script
        self.resources = resources
        modules = Dictionary(
            script.files.filter { !$0.module.isEmpty }.map { ($0.module, Array($0.text.utf8)) },
            uniquingKeysWith: { first, _ in first })
        secrets = Dictionary(
            script.secrets.map { ($0.name, Array($0.value.utf8)) }, uniquingKeysWith: { first, _ in first })
        var values: [String: [UInt8]] = [:]
        for name in script.environment { if let value = environment(name) { values[name] = Array(value.utf8) } }
        self.environment = values
    }

    /// The column of metric cells that this thread may write: the last one is the control plane's.
    var column: UInt32 { UInt32(host?.workerIndex ?? resources.workerCount) }

    func module(_ name: String) -> [UInt8]? { modules[name] }
    func secret(_ name: String) -> [UInt8]? {
        if let discovery {
            discovery.secrets.insert(name)
            return Array("unknown".utf8)
        }
        return secrets[name]
    }

    func store(_ name: String) -> OpaquePointer? {
        if let discovery {
            discovery.stores.insert(name)
            return unsafe discovery.resources.store("any")
        }
        guard script.stores.contains(name) else { return nil }
        return unsafe resources.store(name)
    }

    enum Variable { case value([UInt8]), missing, notAllowed }

    func variable(_ name: String) -> Variable {
        if let discovery {
            discovery.environment.insert(name)
            return .missing
        }
        guard script.environment.contains(name) else { return .notAllowed }
        return environment[name].map { .value($0) } ?? .missing
    }

    /// Bytes that stay until the next call of this.
    func lend(_ bytes: [UInt8]) -> gwlua_text {
        lent = bytes
        // The array that stays, not the copy that was passed.
        let kept = lent
        return unsafe LuaText.lend(kept.span)
    }
}

/// Bytes on their way between Swift and C.
enum LuaText {
    /// The caller sees to it that the memory outlives what C does with it: it belongs to a buffer or array that nothing
    /// changes until the call is over.
    static func lend(_ bytes: Span<UInt8>) -> gwlua_text {
        unsafe bytes.withUnsafeBufferPointer { unsafe gwlua_text(bytes: $0.baseAddress, count: $0.count) }
    }

    static func bytes(_ text: gwlua_text) -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: text.bytes, count: text.count))
    }

    static func string(_ text: gwlua_text) -> String { unsafe String(decoding: bytes(text), as: UTF8.self) }

    /// Calls `body` with the bytes of `text`.
    static func with<Result>(_ text: gwlua_text, _ body: (Span<UInt8>) -> Result) -> Result {
        let buffer = unsafe UnsafeBufferPointer(start: text.bytes, count: text.count)
        return unsafe body(buffer.span)
    }
}

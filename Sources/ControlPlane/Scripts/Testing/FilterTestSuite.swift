import Bytes
package import Config
import EventLoop
import Foundation
import Plugins
import Telemetry

/// Runs the tests of one filter: `filter_test.lua` beside its `filter.lua`.
///
/// - Threads: one.
package final class FilterTestSuite {
    package struct Result: Sendable {
        package var name: String
        /// nil: it passed.
        package var failure: String?
        package var duration: Duration
    }

    package let name: String
    let folder: String
    package private(set) var results: [Result] = []
    /// Lines of the script that ran, and all that could have.
    package private(set) var linesRun: Set<Int> = []
    package private(set) var linesActive: Set<Int> = []
    let collectsCoverage: Bool
    /// CPU time for the whole file.
    let cpu: Duration

    // What a test has set up; forgotten when the next one begins, but for what was set up outside of tests.
    private var loads: [(name: String, options: ConfigNode?, bench: FilterBench?)] = []
    private var lastingLoadCount = 0
    var responders: [String: Int] = [:]
    private var lastingResponders: [String: Int] = [:]
    var failing: [String: String] = [:]
    var callCounts: [String: Int] = [:]
    private var secrets: [String: String] = [:]
    private var logs: [[String: Any]] = []
    /// Shared by the filters of a test, as in a gateway.
    private var resources: LuaResources?
    private var stores: [StoreConfig] = []
    private var current: (name: String, start: ContinuousClock.Instant)?
    private(set) var vm: LuaTestVM?
    var calls: [[String: Any]] = []

    /// - Parameters:
    ///   - folder: where filters are.
    ///   - cpu: CPU time for the whole file.
    package init(_ name: String, folder: String, collectsCoverage: Bool = false, cpu: Duration = .seconds(120)) {
        self.name = name
        self.folder = folder
        self.collectsCoverage = collectsCoverage
        self.cpu = cpu
    }

    package var path: String { "\(folder)/\(name)/filter_test.lua" }

    /// - Throws: `ConfigFailure` when the test file itself does not run.
    package func run() throws(ConfigFailure) {
        guard case .text(let text) = ScriptFiles.read(path, in: folder) else {
            throw ConfigFailure([
                ConfigDiagnostic(
                    .error, code: "filter-test", "there is no \(path)", at: .unknown,
                    hint: "gateway filter new \(name) makes one")
            ])
        }
        var script = ScriptProgram(
            name: "filter_test.lua", hash: "", version: "",
            files: [ScriptProgram.File(module: "", path: path, text: text)])
        script.files.append(
            ScriptProgram.File(module: TestLibrary.module, path: TestLibrary.module, text: TestLibrary.source))
        for (module, _) in ScriptFiles.required(in: text) where module.hasPrefix("lib.") {
            let file = folder + "/" + module.replacingOccurrences(of: ".", with: "/") + ".lua"
            if case .text(let source) = ScriptFiles.read(file, in: folder) {
                script.files.append(ScriptProgram.File(module: module, path: file, text: source))
            }
        }
        do throws(LuaFailure) {
            let vm = try LuaTestVM(script, cpu: cpu) { [unowned self] name, arguments in answer(name, arguments) }
            self.vm = vm
            defer {
                noteCoverage()
                self.vm = nil
                loads = []
            }
            try vm.run()
        } catch {
            throw ConfigFailure([ScriptDiagnostic.make(error, script: script, at: .unknown)])
        }
    }

    // MARK: What the library calls

    private struct Refusal: Error { var message: String }

    private func answer(_ name: String, _ arguments: [UInt8]) -> LuaTestVM.Answer {
        let object = (try? JSONSerialization.jsonObject(with: Data(arguments))) as? [String: Any] ?? [:]
        do {
            // As a configuration would be read: texts are quoted, all else is plain.
            let tree = try? YAMLReader.read(String(decoding: arguments, as: UTF8.self), file: "options")
            let value = try answer(name, object, tree?["options"])
            guard let value else { return .value(Array("{}".utf8)) }
            return .value(Array(try JSONSerialization.data(withJSONObject: value)))
        } catch let refusal as Refusal {
            return .failure(refusal.message)
        } catch {
            return .failure("\(error)")
        }
    }

    private func answer(
        _ name: String, _ arguments: [String: Any], _ options: ConfigNode?
    ) throws -> [String: Any]? {
        let upstream = arguments["upstream"] as? String ?? ""
        switch name {
        case "begin": begin(arguments["name"] as? String ?? "")
        case "finish":
            finish(isFine: arguments["ok"] as? Bool ?? false, message: arguments["message"] as? String ?? "")
        case "load":
            loads.append((arguments["name"] as? String ?? self.name, options, nil))
            do {
                _ = try bench(loads.count - 1)
            } catch {
                loads.removeLast()
                throw error
            }
            if current == nil { lastingLoadCount = loads.count }
            return ["number": loads.count - 1]
        case "check": return check(arguments["name"] as? String ?? self.name, options)
        case "request": return try request(arguments)
        case "http":
            responders[upstream] = arguments["fn"] as? Int
            failing[upstream] = nil
            if current == nil { lastingResponders[upstream] = arguments["fn"] as? Int }
        case "fail_http": failing[upstream] = arguments["how"] as? String ?? "connect"
        case "http_calls": return ["count": callCounts[upstream] ?? 0]
        case "advance":
            for load in loads {
                try load.bench?.advance(seconds: (arguments["seconds"] as? NSNumber)?.doubleValue ?? 0)
            }
        case "logs": return ["lines": logs]
        case "metric": return ["value": try metric(arguments)]
        case "secret":
            secrets[arguments["name"] as? String ?? ""] = arguments["value"] as? String
            for index in loads.indices { loads[index].bench = nil }
        case "store_get", "store_set", "store_dump": return try store(name, arguments)
        default: throw Refusal(message: "there is no \(name)")
        }
        return nil
    }

    private func store(_ name: String, _ arguments: [String: Any]) throws -> [String: Any]? {
        let key = arguments["key"] as? String ?? ""
        let store = arguments["store"] as? String ?? ""
        for index in loads.indices { _ = try bench(index) }
        guard let resources, let now = loads.first?.bench?.now else { return [:] }
        func value(_ key: String) throws -> Any? {
            guard let json = resources.storeValue(store, key, now: now) else { return nil }
            return try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
        }
        switch name {
        case "store_get": return try value(key).map { ["value": $0] } ?? [:]
        case "store_set":
            _ = resources.setStoreValue(
                store, key, arguments["value"] as? String ?? "",
                ttl: (arguments["ttl"] as? NSNumber)?.doubleValue ?? 0, now: now)
            return nil
        default:
            var values: [String: Any] = [:]
            for key in resources.storeKeys(store, now: now) { values[key] = try value(key) }
            return ["values": values]
        }
    }

    /// What the filters of this test share, with room for the stores of one more.
    func shared(_ wanted: [StoreConfig]) -> LuaResources {
        for store in wanted where !stores.contains(where: { $0.name == store.name }) { stores.append(store) }
        if let resources, resources.serves(stores) { return resources }
        let made = LuaResources(workerCount: 1, stores: stores, after: resources)
        resources = made
        return made
    }

    private func begin(_ name: String) {
        noteCoverage()
        resources = nil
        stores = []
        loads.removeLast(loads.count - lastingLoadCount)
        for index in loads.indices { loads[index].bench = nil }
        responders = lastingResponders
        failing = [:]
        callCounts = [:]
        calls = []
        logs = []
        current = (name, .now)
    }

    private func finish(isFine: Bool, message: String) {
        guard let current else { return }
        results.append(
            Result(name: current.name, failure: isFine ? nil : message, duration: .now - current.start))
        self.current = nil
    }

    private func options(_ node: ConfigNode?) -> FilterBench.Options {
        var made = FilterBench.Options()
        made.configuration = node?["config"]
        if case .sequence(let names) = node?["upstreams"]?.content {
            made.upstreams = names.compactMap { name in
                if case .scalar(let scalar) = name.content { return scalar.text }
                return nil
            }
        }
        made.secrets = secrets
        if case .mapping(let entries) = node?["secrets"]?.content {
            for entry in entries {
                if case .scalar(let scalar) = entry.value.content { made.secrets[entry.key] = scalar.text }
            }
        }
        var lua: [ConfigNode.Entry] = []
        for key in ["on_error", "limits", "when", "breaker"] {
            if let value = node?[key] { lua.append(ConfigNode.Entry(key: key, keyPosition: .unknown, value: value)) }
        }
        if !lua.isEmpty { made.lua = ConfigNode(.mapping(lua)) }
        return made
    }

    /// The bench of a loaded filter, new for each test.
    func bench(_ number: Int) throws -> FilterBench {
        guard loads.indices.contains(number) else { throw Refusal(message: "the filter was not loaded") }
        if let bench = loads[number].bench { return bench }
        do throws(ConfigFailure) {
            let bench = try FilterBench(
                loads[number].name, folder: folder, options: options(loads[number].options),
                collectsCoverage: collectsCoverage, sharing: shared)
            loads[number].bench = bench
            return bench
        } catch {
            throw Refusal(message: error.description)
        }
    }

    private func check(_ name: String, _ node: ConfigNode?) -> [String: Any] {
        do throws(ConfigFailure) {
            _ = try FilterBench.config(name, folder: folder, options: options(node))
            return ["ok": true, "message": ""]
        } catch {
            return ["ok": false, "message": error.description]
        }
    }

    private func metric(_ arguments: [String: Any]) throws -> Double {
        let name = arguments["name"] as? String ?? ""
        let labels = arguments["labels"] as? [String: Any] ?? [:]
        for index in loads.indices { _ = try bench(index) }
        var sum = 0.0
        var isDeclared = false
        for family in resources?.families(now: loads.first?.bench?.now ?? 0) ?? [] where family.name == name {
            isDeclared = true
            for series in family.series {
                let matches = labels.allSatisfy { label, value in
                    family.labels.firstIndex(of: label).map { series.labels[$0] == "\(value)" } ?? false
                }
                guard matches else { continue }
                sum += (family.kind == .histogram ? series.values.dropLast().last : series.values.first) ?? 0
            }
        }
        guard isDeclared else { throw Refusal(message: "no filter declares the metric \"\(name)\"") }
        return sum
    }

    func addLog(_ line: [String: Any]) { logs.append(line) }

    private func noteCoverage() {
        guard collectsCoverage else { return }
        for load in loads where load.name == name {
            guard let bench = load.bench else { continue }
            let found = bench.program.coverage(lineCount: 4096)
            linesRun.formUnion(found.ran)
            linesActive.formUnion(found.active)
        }
    }
}

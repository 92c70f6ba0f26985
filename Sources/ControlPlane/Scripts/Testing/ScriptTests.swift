import Config
import Foundation
import Plugins

/// The tests that lie beside scripts: they must pass before a script is served.
struct ScriptTests {
    /// Remembers what has passed, so that a reload runs only the tests of what changed.
    let history: ScriptHistory
    /// For the tests of one script: a reload must come to an end.
    static let cpu: Duration = .seconds(10)

    /// What the tests of a configuration's scripts found wrong.
    func failures(_ config: GatewayConfig) -> [ConfigDiagnostic] {
        var seen: Set<String> = []
        return config.scripts.flatMap { script -> [ConfigDiagnostic] in
            // A version that serves in place of another one was tested when it was new.
            guard !script.isRolledBack, seen.insert(script.name).inserted else { return [] }
            return failures(script)
        }
    }

    private func failures(_ script: ScriptProgram) -> [ConfigDiagnostic] {
        let suffix = "/\(script.name)/filter.lua"
        guard script.path.hasSuffix(suffix) else { return [] }
        let suite = FilterTestSuite(script.name, folder: String(script.path.dropLast(suffix.count)), cpu: Self.cpu)
        guard case .text(let text) = ScriptFiles.read(suite.path, in: suite.folder) else { return [] }
        let tests = ScriptProgram.File(module: "tests", path: suite.path, text: text)
        let key = script.hash + ScriptHash.of([tests])
        guard !history.hasPassed(key) else { return [] }
        do throws(ConfigFailure) {
            try suite.run()
        } catch {
            return error.diagnostics
        }
        let failures = suite.results.compactMap { result in
            result.failure.map { diagnostic("\(script.label): \(result.name): \($0)", suite.path) }
        }
        if failures.isEmpty { history.notePassed(key) }
        return failures
    }

    private func diagnostic(_ message: String, _ path: String) -> ConfigDiagnostic {
        let line = message.firstMatch(of: /filter_test(?:\.lua)?:([0-9]+):/).flatMap { Int($0.1) } ?? 1
        return ConfigDiagnostic(
            .error, code: "filter-test", message, at: SourcePosition(file: path, line: line, column: 1),
            hint: "gateway filter test runs it; reload.run_tests: false leaves tests out")
    }
}

extension GatewayConfig {
    /// Scripts that both configurations use under one name, in another version.
    func scriptChanges(since old: GatewayConfig) -> [EffectiveConfig.Change] {
        var before: [String: ScriptProgram] = [:]
        for script in old.scripts { before[script.name] = script }
        var seen: Set<String> = []
        return scripts.compactMap { script in
            guard let former = before[script.name], former.hash != script.hash, seen.insert(script.name).inserted
            else { return nil }
            return EffectiveConfig.Change(
                kind: .changed, path: "filters.\(script.name)", old: .string(former.label), new: .string(script.label))
        }
    }

    /// Every script in use, once for each use.
    var scripts: [ScriptProgram] {
        let shared = middleware.map(\.filter)
        let inline = routes.flatMap(\.middleware).compactMap { use -> FilterConfig? in
            if case .inline(let middleware) = use { middleware.filter } else { nil }
        }
        return (shared + inline).compactMap { filter in
            if case .lua(let lua) = filter { lua.program } else { nil }
        }
    }
}

package import Config
import Foundation
import Plugins

/// The filters of a folder, for people who write them.
package struct FilterLibrary {
    package struct Summary {
        package var text: String
        /// JSON Schema.
        package var schema: String
    }

    let folder: String

    package init(folder: String) {
        self.folder = folder
    }

    /// In the order of their names.
    ///
    /// - Throws: `ConfigFailure` when the folder cannot be read.
    package func names() throws(ConfigFailure) -> [String] {
        let entries: [String]
        do {
            entries = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw ConfigFailure([
                ConfigDiagnostic(
                    .error, code: "filter-script", "the folder \(folder) cannot be read", at: .unknown,
                    hint: "name another one with --path")
            ])
        }
        let found = entries.compactMap { entry -> String? in
            if FileManager.default.fileExists(atPath: "\(folder)/\(entry)/filter.lua") { return entry }
            return entry.hasSuffix(".lua") ? String(entry.dropLast(4)) : nil
        }
        return found.sorted()
    }

    package func testedNames() throws(ConfigFailure) -> [String] {
        try names().filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/filter_test.lua") }
    }

    /// - Throws: `ConfigFailure` with what is wrong with the script.
    package func inspect(_ name: String) throws(ConfigFailure) -> Summary {
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
        let program = ScriptProgram(name: name, hash: ScriptHash.of(files), version: "", files: files)
        do throws(LuaFailure) {
            let manifest = try ScriptManifest(
                LuaInspection(limits: LuaLimitsConfig()).describe(program), script: program)
            return Summary(text: Self.text(program, manifest), schema: manifest.schema.document().pretty())
        } catch {
            throw ConfigFailure([ScriptDiagnostic.make(error, script: program, at: .unknown)])
        }
    }

    private static func text(_ program: ScriptProgram, _ manifest: ScriptManifest) -> String {
        var lines = ["\(program.label)\(manifest.version.isEmpty ? "" : " \(manifest.version)"): fine"]
        lines.append("  phases   " + manifest.phases.sorted().joined(separator: ", "))
        lines.append("  bodies   request \(manifest.requestBody.rawValue), response \(manifest.responseBody.rawValue)")
        let uses = manifest.uses
        for (kind, names) in [
            ("http", uses.upstreams), ("stores", uses.stores), ("secrets", uses.secrets), ("env", uses.environment),
        ] where !names.isEmpty {
            lines.append("  \(kind)\(String(repeating: " ", count: 9 - kind.count))" + names.joined(separator: ", "))
        }
        let modules = program.files.dropFirst().map(\.module)
        if !modules.isEmpty { lines.append("  modules  " + modules.joined(separator: ", ")) }
        return lines.joined(separator: "\n")
    }
}

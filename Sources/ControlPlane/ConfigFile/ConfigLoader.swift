package import Config
import Foundation

/// A configuration that decoded without an error.
package struct LoadedConfig: Sendable {
    package var config: GatewayConfig
    package var warnings: [ConfigDiagnostic]
    /// Every file that was read, mounted secrets included, in the order of reading.
    package var files: [String]
    /// The same configuration value by value, for people to read and to compare.
    package var effective: EffectiveConfig
    /// What it can be read from again.
    package var text: ConfigText

    package init(
        config: GatewayConfig, warnings: [ConfigDiagnostic], files: [String], effective: EffectiveConfig,
        text: ConfigText = ConfigText()
    ) {
        self.text = text
        self.config = config
        self.warnings = warnings
        self.files = files
        self.effective = effective
    }
}

/// Reads, expands and decodes configuration files: all of it or nothing, and every error at once.
package struct ConfigLoader: Sendable {
    private let environment: @Sendable (String) -> String?
    private let readFile: @Sendable (String) -> VariableExpansion.FileText
    private let readScript: @Sendable (_ path: String, _ folder: String) -> VariableExpansion.FileText
    private let scripts: ScriptHistory

    /// - Parameters:
    ///   - environment: where `${NAME}` is looked up.
    ///   - readFile: where `${file:…}` is.
    ///   - readScript: where scripts are.
    ///   - scripts: what is known of them from having served with them.
    package init(
        environment: @escaping @Sendable (String) -> String? = { ProcessInfo.processInfo.environment[$0] },
        readFile: @escaping @Sendable (String) -> VariableExpansion.FileText = ConfigFiles.secret,
        readScript: @escaping @Sendable (_ path: String, _ folder: String) -> VariableExpansion.FileText = {
            ScriptFiles.read($0, in: $1)
        }, scripts: ScriptHistory = ScriptHistory()
    ) {
        self.readScript = readScript
        self.scripts = scripts
        self.environment = environment
        self.readFile = readFile
    }

    /// - Parameter path: a file, or a directory whose `*.yaml` files are merged in name order.
    package func load(path: String) throws(ConfigFailure) -> LoadedConfig {
        try attempt(path: path).outcome.get()
    }

    /// The same, telling what to watch for a better outcome as well.
    ///
    /// - Returns: `files` are those that were read or looked for, mounted secrets included, in that order; the path
    ///   itself if it is a directory that cannot be read or holds no configuration.
    package func attempt(path: String) -> (outcome: Result<LoadedConfig, ConfigFailure>, files: [String]) {
        var files = [path]
        do throws(ConfigFailure) {
            files = try ConfigFiles.files(at: path)
            let texts = try Self.texts(of: files)
            return (.success(try load(texts, files: &files)), files)
        } catch {
            return (.failure(error), files)
        }
    }

    /// - Parameter file: the name that positions of diagnostics bear.
    package func load(yaml: String, file: String) throws(ConfigFailure) -> LoadedConfig {
        var files = [file]
        return try load([ConfigText.File(path: file, text: yaml)], files: &files)
    }

    /// Reads once more what was read before, variables and mounted files as they were then.
    package static func load(
        _ text: ConfigText, scripts: ScriptHistory = ScriptHistory()
    ) throws(ConfigFailure) -> LoadedConfig {
        var files = text.files.map(\.path)
        return try ConfigLoader(
            environment: { text.variables[$0] ?? nil },
            readFile: { path in
                guard let secret = text.secrets[path], let content = secret else {
                    return .failure("was not part of this generation")
                }
                return .text(content)
            },
            readScript: { path, _ in
                guard let script = text.scripts[path], let content = script else {
                    return .failure(ScriptFiles.missing)
                }
                return .text(content)
            }, scripts: scripts
        ).load(text.files, files: &files)
    }

    private static func texts(of files: [String]) throws(ConfigFailure) -> [ConfigText.File] {
        var texts: [ConfigText.File] = []
        var diagnostics: [ConfigDiagnostic] = []
        for file in files {
            do throws(ConfigFailure) {
                texts.append(ConfigText.File(path: file, text: try ConfigFiles.text(of: file)))
            } catch {
                diagnostics += error.diagnostics
            }
        }
        guard diagnostics.isEmpty else { throw ConfigFailure(diagnostics) }
        return texts
    }

    private static func trees(of texts: [ConfigText.File]) throws(ConfigFailure) -> [ConfigNode] {
        var trees: [ConfigNode] = []
        var diagnostics: [ConfigDiagnostic] = []
        for file in texts {
            do throws(ConfigFailure) {
                trees.append(try YAMLReader.read(file.text, file: file.path))
            } catch {
                diagnostics += error.diagnostics
            }
        }
        guard diagnostics.isEmpty else { throw ConfigFailure(diagnostics) }
        return trees
    }

    /// - Parameter files: gets the mounted secrets added, also when this throws.
    private func load(_ texts: [ConfigText.File], files: inout [String]) throws(ConfigFailure) -> LoadedConfig {
        let merged = ConfigMerge.merge(try Self.trees(of: texts))
        guard !Self.isEmpty(merged.tree) else {
            throw ConfigFailure([
                ConfigDiagnostic(
                    .noConfiguration, "there is no configuration here", at: merged.tree.position,
                    hint: "define at least one route under routes")
            ])
        }
        let record = Recording(environment: environment, readFile: readFile, readScript: readScript)
        var expansion = VariableExpansion(environment: record.variable, readFile: record.file)
        let tree = expansion.expand(merged.tree)
        let outcome = ConfigDecoder.decode(tree)
        let mask = SecretMask(record.text)
        let known = files
        files += expansion.filesRead
        var found = merged.diagnostics + expansion.diagnostics + outcome.diagnostics.map(mask.masked)
        var decoded = outcome.config
        if decoded != nil, !found.contains(where: { $0.severity == .error }) {
            var certificates = FileStaging(folder: Self.folder(of: texts), read: record.file)
            certificates.stage(&decoded)
            found += certificates.diagnostics.map(mask.masked)
            files += certificates.tried.filter { !files.contains($0) }
            found += stage(&decoded, record, of: texts, files: &files).map(mask.masked)
        }
        let diagnostics = Self.inOrder(found, of: known)
        guard let config = decoded, !diagnostics.contains(where: { $0.severity == .error }) else {
            throw ConfigFailure(diagnostics)
        }
        var text = record.text
        text.files = texts
        return LoadedConfig(
            config: config, warnings: diagnostics, files: files, effective: EffectiveConfig(tree: tree), text: text)
    }

    /// Reads and checks the scripts.
    private func stage(
        _ config: inout GatewayConfig?, _ record: Recording, of texts: [ConfigText.File], files: inout [String]
    ) -> [ConfigDiagnostic] {
        guard var staged = config, staged.usesScripts || !staged.lua.policy.stores.isEmpty else { return [] }
        var folder = staged.lua.path
        if !folder.hasPrefix("/") { folder = Self.folder(of: texts) + folder }
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        var staging = ScriptStaging(folder: folder, history: scripts, environment: record.variable) {
            record.script($0, in: folder)
        }
        staging.stage(&staged)
        for path in staging.tried where !files.contains(path) { files.append(path) }
        config = staged
        return staging.diagnostics
    }

    /// Where paths in the configuration start from: empty, or with a slash at its end.
    private static func folder(of texts: [ConfigText.File]) -> String {
        guard let first = texts.first else { return "" }
        let base = URL(fileURLWithPath: first.path).deletingLastPathComponent().relativePath
        return base == "." || base.isEmpty ? "" : base + "/"
    }

    private static func isEmpty(_ tree: ConfigNode) -> Bool {
        if case .mapping(let entries) = tree.content { return entries.isEmpty }
        return tree.isNull
    }

    /// Looks things up, and remembers what it found.
    private final class Recording {
        private let environment: @Sendable (String) -> String?
        private let readFile: @Sendable (String) -> VariableExpansion.FileText
        private let readScript: @Sendable (_ path: String, _ folder: String) -> VariableExpansion.FileText
        private(set) var text = ConfigText()

        init(
            environment: @escaping @Sendable (String) -> String?,
            readFile: @escaping @Sendable (String) -> VariableExpansion.FileText,
            readScript: @escaping @Sendable (_ path: String, _ folder: String) -> VariableExpansion.FileText
        ) {
            self.readScript = readScript
            self.environment = environment
            self.readFile = readFile
        }

        func variable(_ name: String) -> String? {
            let value = environment(name)
            text.variables[name] = .some(value)
            return value
        }

        func script(_ path: String, in folder: String) -> VariableExpansion.FileText {
            let content = readScript(path, folder)
            if case .text(let source) = content { text.scripts[path] = source }
            return content
        }

        func file(_ path: String) -> VariableExpansion.FileText {
            let content = readFile(path)
            if case .text(let secret) = content { text.secrets[path] = secret }
            return content
        }
    }

    /// By file, line and column, as an operator goes through them; a summary without a place of its own comes last.
    private static func inOrder(_ diagnostics: [ConfigDiagnostic], of files: [String]) -> [ConfigDiagnostic] {
        let ranks = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let keyed = diagnostics.enumerated().map { index, diagnostic in
            (rank: ranks[diagnostic.position.file] ?? files.count, index: index, diagnostic: diagnostic)
        }
        return keyed.sorted { left, right in
            let (one, other) = (left.diagnostic.position, right.diagnostic.position)
            return (left.rank, one.line, one.column, left.index) < (right.rank, other.line, other.column, right.index)
        }.map(\.diagnostic)
    }
}

package import Config
import Foundation

/// A configuration that decoded without an error.
package struct LoadedConfig: Sendable {
    package var config: GatewayConfig
    package var warnings: [ConfigDiagnostic]
    /// Every file that was read, mounted secrets included, in the order of reading.
    package var files: [String]
}

/// Reads, expands and decodes configuration files: all of it or nothing, and every error at once.
package struct ConfigLoader: Sendable {
    private let environment: @Sendable (String) -> String?

    /// - Parameter environment: where `${NAME}` is looked up.
    package init(
        environment: @escaping @Sendable (String) -> String? = { ProcessInfo.processInfo.environment[$0] }
    ) {
        self.environment = environment
    }

    /// - Parameter path: a file, or a directory whose `*.yaml` files are merged in name order.
    package func load(path: String) throws(ConfigFailure) -> LoadedConfig {
        let files = try ConfigFiles.files(at: path)
        var trees: [ConfigNode] = []
        var diagnostics: [ConfigDiagnostic] = []
        for file in files {
            do {
                let text = try ConfigFiles.text(of: file)
                trees.append(try YAMLReader.read(text, file: file))
            } catch {
                diagnostics += error.diagnostics
            }
        }
        guard diagnostics.isEmpty else { throw ConfigFailure(diagnostics) }
        return try load(trees, files: files)
    }

    /// - Parameter file: the name that positions of diagnostics bear.
    package func load(yaml: String, file: String) throws(ConfigFailure) -> LoadedConfig {
        try load([YAMLReader.read(yaml, file: file)], files: [file])
    }

    private func load(_ trees: [ConfigNode], files: [String]) throws(ConfigFailure) -> LoadedConfig {
        let merged = ConfigMerge.merge(trees)
        var expansion = VariableExpansion(environment: environment, readFile: ConfigFiles.secret)
        let tree = expansion.expand(merged.tree)
        let outcome = ConfigDecoder.decode(tree)
        let diagnostics = Self.inOrder(
            merged.diagnostics + expansion.diagnostics + outcome.diagnostics, of: files)
        guard let config = outcome.config, !diagnostics.contains(where: { $0.severity == .error }) else {
            throw ConfigFailure(diagnostics)
        }
        return LoadedConfig(config: config, warnings: diagnostics, files: files + expansion.filesRead)
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

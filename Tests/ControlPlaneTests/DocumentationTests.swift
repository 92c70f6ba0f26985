import Config
import ControlPlane
import Foundation
import GatewayTesting
import Testing

/// What the documents show must be what the gateway takes.
@Suite("configuration in the documents") struct DocumentationTests {
    @Test(arguments: ["gateway.schema.json", "configuration.md"]) func generatedDocumentIsCommitted(_ name: String)
        throws
    {
        let text = name.hasSuffix(".json") ? ConfigSchema.jsonSchema() : ConfigSchema.referenceMarkdown()
        try GoldenFile.expect(text, at: RepositoryFiles.root + "/docs/Reference/" + name)
    }

    struct Block: Sendable, CustomTestStringConvertible {
        var place: String
        var text: String
        var testDescription: String { place }
    }

    /// Fenced blocks marked `yaml` in Markdown files. Those marked `yaml,fragment` are parts of a configuration, and
    /// those whose first line is `# invalid` show errors; both are skipped.
    static let blocks: [Block] = {
        var blocks: [Block] = []
        for path in RepositoryFiles.list("docs", suffix: ".md") + ["README.md"] where RepositoryFiles.exists(path) {
            // Design notes also show what later versions will take.
            if path.hasPrefix("docs/design/") { continue }
            let lines =
                (try? RepositoryFiles.text(path))?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
            var start: Int?
            for (index, line) in lines.enumerated() {
                if let first = start, line == "```" {
                    let text = lines[first..<index].joined(separator: "\n") + "\n"
                    if !text.hasPrefix("# invalid") { blocks.append(Block(place: "\(path):\(first)", text: text)) }
                    start = nil
                } else if start == nil, line == "```yaml" {
                    start = index + 1
                }
            }
        }
        return blocks
    }()

    /// Names without a default, by what they are for; whatever has a default is to work with it.
    static let environment: @Sendable (String) -> String? = { name in
        name.contains("TOKEN") || name.contains("SECRET") ? "a-secret" : nil
    }

    /// Scripts in documents are those that lie in the repository.
    static let shippedScript: @Sendable (String, String) -> VariableExpansion.FileText = { path, _ in
        let marker = path.range(of: "filters/")
        let name = marker.map { String(path[$0.lowerBound...]) } ?? path
        guard RepositoryFiles.exists(name), let text = try? RepositoryFiles.text(name) else {
            return .failure("is not there")
        }
        return .text(text)
    }

    @Test(arguments: blocks) func yamlBlockLoads(_ block: Block) throws {
        do {
            let loader = ConfigLoader(environment: Self.environment, readScript: Self.shippedScript)
            let loaded = try loader.load(yaml: block.text, file: block.place)
            #expect(!loaded.config.routes.isEmpty, "a block without routes shows little; mark it yaml,fragment")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test(
        arguments: ["gateway.yaml"]
            + RepositoryFiles.list("deploy", suffix: ".yaml").filter { $0.contains("examples/") })
    func exampleLoads(_ path: String) throws {
        guard RepositoryFiles.exists(path) else { return }
        do {
            _ = try ConfigLoader(environment: Self.environment)
                .load(yaml: try RepositoryFiles.text(path), file: path)
        } catch let failure as ConfigFailure {
            Issue.record("\(failure)")
        }
    }
}

import Config
import ControlPlane
import Foundation
import GatewayTesting
import Testing

/// Scripts that the documents show must be ones that the gateway loads, and tests that they show must pass.
@Suite("scripts in the documents") struct LuaDocumentationTests {
    struct Block: Sendable, CustomTestStringConvertible {
        var page: String
        var line: Int
        var text: String
        var testDescription: String { "\(page):\(line)" }

        /// Lines stay where they are in the page, so that messages name them.
        var script: String { String(repeating: "\n", count: line) + text }
        var isFilter: Bool { text.contains("return {") && text.contains("api = 1") }
        var isTest: Bool { text.contains("require \"gw.test\"") }

        /// The name in a first line such as `-- filters/NAME/filter.lua`.
        var filter: String? {
            let first = text.prefix { $0 != "\n" }
            guard first.hasPrefix("-- filters/") else { return nil }
            return first.dropFirst(11).split(separator: "/").first.map(String.init)
        }
    }

    /// Fenced blocks marked `lua` in Markdown files.
    static let blocks: [Block] = {
        var blocks: [Block] = []
        for page in RepositoryFiles.list("docs", suffix: ".md") where !page.hasPrefix("docs/design/") {
            let lines =
                (try? RepositoryFiles.text(page))?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
            var start: Int?
            for (index, line) in lines.enumerated() {
                if let first = start, line == "```" {
                    let text = lines[first..<index].joined(separator: "\n") + "\n"
                    blocks.append(Block(page: page, line: first, text: text))
                    start = nil
                } else if start == nil, line == "```lua" {
                    start = index + 1
                }
            }
        }
        return blocks
    }()

    static let filters = blocks.filter(\.isFilter)
    static let tests = blocks.filter { $0.isTest && $0.filter != nil }

    /// A folder with the filters of the repository, whose modules scripts of the documents may require.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lua-docs-\(UUID().uuidString)").path
        try FileManager.default.copyItem(atPath: RepositoryFiles.root + "/filters", toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func write(_ block: Block, _ name: String, _ file: String, in folder: String) throws {
        let directory = "\(folder)/\(name)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(block.script.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(file)"))
    }

    @Test func thereAreSome() {
        #expect(!Self.filters.isEmpty)
        #expect(!Self.tests.isEmpty)
    }

    @Test(arguments: filters) func filterLoads(_ block: Block) throws {
        try withFolder { folder in
            try write(block, "documented", "filter.lua", in: folder)
            do {
                _ = try FilterLibrary(folder: folder).inspect("documented")
            } catch {
                Issue.record("\(block.testDescription): \(error)")
            }
        }
    }

    /// With the filters of the same page that say where they belong.
    @Test(arguments: tests) func testPasses(_ block: Block) throws {
        let name = try #require(block.filter)
        try withFolder { folder in
            for filter in Self.filters where filter.page == block.page {
                guard let name = filter.filter else { continue }
                try write(filter, name, "filter.lua", in: folder)
            }
            try write(block, name, "filter_test.lua", in: folder)
            let suite = FilterTestSuite(name, folder: folder)
            do {
                try suite.run()
            } catch {
                Issue.record("\(block.testDescription): \(error)")
            }
            #expect(!suite.results.isEmpty)
            for result in suite.results {
                #expect(result.failure == nil, "\(result.name): \(result.failure ?? "")")
            }
        }
    }
}

import Config
import Foundation
import GatewayTesting
import Testing

@testable import ControlPlane

/// Tests beside a script decide whether it is served.
@Suite("tests of scripts before they are served") struct ScriptTestsTests {
    private func directory(_ files: [String: String]) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let config = """
            routes:
              - { name: a, path: "/*", respond: { status: 200 }, middleware: [{ type: lua, script: mark }] }
            """
        for (path, text) in files.merging(["gateway.yaml": config], uniquingKeysWith: { first, _ in first }) {
            let url = URL(fileURLWithPath: "\(directory.path)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        return directory
    }

    private static let script = "return { api = 1, on_request = function(req) req.headers['x-mark'] = '1' end }\n"

    private static func test(expecting mark: String) -> String {
        """
        local t = require "gw.test"
        local f = t.load("mark")
        t.describe("mark", function()
          t.it("marks", function()
            t.eq(f:request{ path = "/" }.req.headers["x-mark"], "\(mark)")
          end)
        end)
        """
    }

    private func outcome(_ directory: TemporaryDirectory) -> ConfigSource.Attempt {
        ConfigSource.file("\(directory.path)/gateway.yaml", settings: ProcessSettings()).check()
    }

    @Test func passingTestsLetItThrough() throws {
        let directory = try directory([
            "filters/mark/filter.lua": Self.script, "filters/mark/filter_test.lua": Self.test(expecting: "1"),
        ])
        let attempt = outcome(directory)
        #expect(throws: Never.self) { try attempt.outcome.get() }
        #expect(attempt.files.contains { $0.hasSuffix("filters/mark/filter_test.lua") }, "a changed test is noticed")
    }

    @Test func aFailingTestKeepsItOut() throws {
        let directory = try directory([
            "filters/mark/filter.lua": Self.script, "filters/mark/filter_test.lua": Self.test(expecting: "2"),
        ])
        let failure = try #require(throws: ConfigFailure.self) { try outcome(directory).outcome.get() }
        let first = try #require(failure.diagnostics.first)
        #expect(first.code == "filter-test")
        #expect(first.position.file.hasSuffix("filters/mark/filter_test.lua") && first.position.line == 5)
        #expect(first.message.contains("marks"))
    }

    @Test func aTestThatDoesNotRunKeepsItOut() throws {
        let directory = try directory([
            "filters/mark/filter.lua": Self.script, "filters/mark/filter_test.lua": "this is not Lua",
        ])
        #expect(throws: ConfigFailure.self) { try outcome(directory).outcome.get() }
    }

    @Test func testsCanBeLeftOut() throws {
        let config = """
            reload: { run_tests: false }
            routes:
              - { name: a, path: "/*", respond: { status: 200 }, middleware: [{ type: lua, script: mark }] }
            """
        let directory = try directory([
            "gateway.yaml": config, "filters/mark/filter.lua": Self.script,
            "filters/mark/filter_test.lua": Self.test(expecting: "2"),
        ])
        #expect(throws: Never.self) { try outcome(directory).outcome.get() }
    }
}

import Config
import Foundation
import GatewayTesting
import Testing

@testable import ControlPlane

@Suite("tests of filters") struct FilterTestSuiteTests {
    private let directory: TemporaryDirectory
    private var folder: String { directory.path + "/filters" }

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("filters/a/filter.lua", Self.filter)
    }

    private static let filter = """
        local hits = gw.metrics.counter("hits_total", "Hits", { "tenant" })
        return { api = 1, uses = { store = { "s" }, http = { "authz" } },
          schema = { type = "object", properties = { name = { type = "string", default = "x-a" } } },
          on_request = function(req, ctx)
            if req.method == "DELETE" then
              return 405
            end
            if req:arg("loop") then
              while true do end
            end
            local res, err = gw.http.call{ upstream = "authz", path = "/" }
            if not res then return 503, err end
            hits:inc(1, { "acme" })
            gw.store("s"):incr("n")
            req.headers[ctx.conf.name] = res.body
          end }
        """

    private static let passing = """
        local t = require "gw.test"
        local f = t.load("a", { config = { name = "x-b" } })
        t.describe("a", function()
          t.it("sets a header", function()
            t.http("authz", function() return { status = 200, body = "yes" } end)
            local r = f:request{ path = "/p" }
            t.eq(r.outcome, "continue")
            t.eq(r.req.headers["x-b"], "yes")
            t.eq(t.http_calls("authz"), 1)
            t.eq(t.metric("hits_total", { tenant = "acme" }), 1)
          end)
          t.it("says why not", function()
            t.fail_http("authz", "timeout")
            local r = f:request{}
            t.eq(r.outcome, "reply")
            t.eq(r.reply.status, 503)
            t.eq(r.reply.body, "timeout")
          end)
          t.it("is stopped", function() t.eq(f:request{ query = "loop=1" }.outcome, "killed") end)
        end)
        """

    private func run(_ test: String, coverage: Bool = false) throws -> (FilterTestSuite, ConfigFailure?) {
        try directory.write("filters/a/filter_test.lua", test)
        let suite = FilterTestSuite("a", folder: folder, collectsCoverage: coverage)
        do {
            try suite.run()
            return (suite, nil)
        } catch {
            return (suite, error)
        }
    }

    @Test func passingTestsPass() throws {
        let (suite, failure) = try run(Self.passing)
        #expect(failure == nil, "\(String(describing: failure))")
        #expect(suite.results.map(\.name).count == 3)
        #expect(suite.results.allSatisfy { $0.failure == nil }, "\(suite.results)")
        var report = FilterTestReport()
        report.add(suite)
        #expect(!report.hasFailed)
        #expect(report.summary == "3 tests of 1 filters, 0 failed")
        #expect(report.line(of: suite).hasPrefix("3 tests, 0 failed, "))
    }

    @Test func failingTestsSayWhy() throws {
        let (suite, failure) = try run(
            """
            local t = require "gw.test"
            local f = t.load("a", {})
            t.describe("a", function()
              t.it("fails & <says> so", function() t.eq(f:request{ method = "DELETE" }.reply.status, 200) end)
              t.it("raises", function() error("told you") end)
              t.it("passes", function() t.eq(f:request{ method = "DELETE" }.reply.status, 405) end)
            end)
            """)
        #expect(failure == nil, "\(String(describing: failure))")
        try #require(suite.results.count == 3)
        let first = try #require(suite.results[0].failure)
        #expect(first.contains("405") && first.contains("200"), "\(first)")
        #expect(suite.results[1].failure?.contains("told you") == true)
        #expect(suite.results[2].failure == nil)
        var report = FilterTestReport()
        report.add(suite)
        #expect(report.hasFailed)
        #expect(report.summary == "3 tests of 1 filters, 2 failed")
        let text = try junit(report)
        #expect(text.contains("<testsuite name=\"a\" tests=\"3\" failures=\"2\" errors=\"0\">"), "\(text)")
        #expect(text.contains("fails &amp; &lt;says&gt; so"), "\(text)")
        #expect(text.contains("told you"))
    }

    private func junit(_ report: FilterTestReport) throws -> String {
        let path = directory.path + "/junit.xml"
        try report.writeJUnit(to: path)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for tag in ["testsuites", "testsuite", "failure", "error"] {
            let closed = text.components(separatedBy: "</\(tag)>").count
            let opened = ["<\(tag) ", "<\(tag)>"].reduce(1) { $0 + text.components(separatedBy: $1).count - 1 }
            #expect(opened == closed, "\(tag) in \(text)")
        }
        return text
    }

    @Test(arguments: [
        ("local t = require \"gw.test\"\n\nt.describe(", "filter_test.lua:3:1"),
        ("\nerror('broken')", "filter_test.lua:2:1"),
        ("local t = require 'gw.test'\nt.load('none', {})", "there is no script \"none\""),
        ("local t = require 'gw.test'\nt.load('a', { config = { nmae = 1 } })", "nmae"),
    ])
    func aBrokenTestFileIsAnError(_ test: String, _ part: String) throws {
        let (suite, failure) = try run(test)
        let found = try #require(failure)
        let text = found.diagnostics.map { "\($0.position): \($0.code): \($0.message)" }.joined(separator: "\n")
        #expect(text.contains(part), "\(text)")
        var report = FilterTestReport()
        report.add(found, of: suite)
        #expect(report.hasFailed)
        #expect(report.summary == "0 tests of 1 filters, 1 failed")
        #expect(try junit(report).contains("errors=\"1\""))
    }

    @Test func aFilterWithoutTestsIsAnError() throws {
        let suite = FilterTestSuite("a", folder: folder)
        #expect(throws: ConfigFailure.self) { try suite.run() }
        #expect(try FilterLibrary(folder: folder).names() == ["a"])
        #expect(try FilterLibrary(folder: folder).testedNames().isEmpty)
        try directory.write("filters/b.lua", "return { api = 1 }")
        try directory.write("filters/lib/x.lua", "return 1")
        _ = try run(Self.passing)
        #expect(try FilterLibrary(folder: folder).names() == ["a", "b"])
        #expect(try FilterLibrary(folder: folder).testedNames() == ["a"])
    }

    @Test func coverageNamesTheLinesThatDidNotRun() throws {
        let (all, failure) = try run(Self.passing, coverage: true)
        #expect(failure == nil)
        #expect(all.linesActive.contains(5) && all.linesRun.contains(5))
        #expect(all.linesActive.subtracting(all.linesRun) == [6], "\(all.linesActive.subtracting(all.linesRun))")
        #expect(FilterTestReport().coverage(of: all).hasSuffix("; not run: 6"))
        let (none, _) = try run("local t = require 'gw.test'", coverage: true)
        #expect(none.linesRun.isEmpty)
        #expect(FilterTestReport().coverage(of: none) == "  no line of the script ran")
    }

    @Test func testsDoNotSeeEachOther() throws {
        let (suite, failure) = try run(
            """
            local t = require "gw.test"
            local f = t.load("a", {})
            t.http("authz", function() return { status = 200, body = "ok" } end)
            t.describe("state", function()
              for i = 1, 3 do
                t.it("is new " .. i, function()
                  f:request{}
                  t.eq(t.store("s"):get("n"), 1)
                  t.eq(t.http_calls("authz"), 1)
                  t.eq(t.metric("hits_total", { tenant = "acme" }), 1)
                end)
              end
            end)
            """)
        #expect(failure == nil, "\(String(describing: failure))")
        #expect(suite.results.count == 3 && suite.results.allSatisfy { $0.failure == nil }, "\(suite.results)")
    }

    // MARK: The filters of this repository

    private static var shipped: [String] {
        (try? FilterLibrary(folder: RepositoryFiles.root + "/filters").names()) ?? []
    }

    @Test func everyShippedFilterHasTests() throws {
        #expect(Self.shipped.count >= 8)
        #expect(try FilterLibrary(folder: RepositoryFiles.root + "/filters").testedNames() == Self.shipped)
    }

    @Test(arguments: shipped) func aShippedFilterPassesItsTests(_ name: String) throws {
        let folder = RepositoryFiles.root + "/filters"
        _ = try FilterLibrary(folder: folder).inspect(name)
        let suite = FilterTestSuite(name, folder: folder)
        try suite.run()
        #expect(!suite.results.isEmpty)
        for result in suite.results { #expect(result.failure == nil, "\(name): \(result.name)") }
    }
}

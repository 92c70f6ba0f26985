import Config
import ControlPlane
import Foundation
import GatewayTesting
import Testing

/// What is said of scripts before any of them sees a request.
@Suite("scripts of a configuration") struct ScriptStagingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var script: String
        /// Further keys of the middleware.
        var keys = ""
        /// Further top-level keys, each line with its line end.
        var top = ""
        /// Further scripts.
        var others: [String: String] = [:]
        /// `file:line:column: code: message` of each diagnostic, or a part of it; none: it is fine.
        var expected: [String]
        var testDescription: String { name }
    }

    private static let says = "return { api = 1, on_request = function() end }"
    private static let policy = "lua: { policy: { http: [main], stores: [s], secrets: { key: abc }, env: [HOME] } }\n"
    private static let stores = "stores: { s: 1MiB }\n"

    static let loading: [Row] = [
        Row(name: "fine", script: says, expected: []),
        Row(
            name: "missing", script: says, keys: ", script: other",
            expected: ["gateway.yaml:7:32: filter-script: there is no script \"other\""]),
        Row(
            name: "syntax", script: "return { api = 1,\n\n  on_request = function( end }",
            expected: ["filters/a.lua:3:1: filter-script: "]),
        Row(name: "raises", script: "\nerror('no reason')", expected: ["filters/a.lua:2:1: filter-script: no reason"]),
        Row(
            name: "raises in a module", script: "local x = require 'lib.x'\n" + says,
            others: ["lib/x": "\n\nlocal y = nil + 1"], expected: ["filters/lib/x.lua:3:1: filter-script: "]),
        Row(name: "no table", script: "return 5", expected: ["a filter returns a table"]),
        Row(name: "no api", script: "return { on_request = function() end }", expected: ["api = 1"]),
        Row(name: "another api", script: "return { api = 2 }", expected: ["this gateway has api = 1"]),
        Row(name: "unknown key", script: "return { api = 1, on_reqest = 1 }", expected: ["unknown key \"on_reqest\""]),
        Row(
            name: "no function", script: "return { api = 1, on_request = 1 }",
            expected: ["on_request is not a function"]),
        Row(name: "a global", script: "x = 1\n" + says, expected: ["filters/a.lua:1:1: filter-script: "]),
        Row(name: "loops", script: "while true do end", expected: ["filter-killed-cpu: "]),
        Row(
            name: "grows", script: "local t = {} while true do t[#t + 1] = ('x'):rep(10000) .. #t end",
            keys: ", script: a, limits: { memory: 1MiB, load: 5s }", expected: ["filter-killed-mem: "]),
        Row(
            name: "init raises", script: "return { api = 1, on_init = function()\nerror('unready') end }",
            expected: ["filters/a.lua:2:1: filter-script: unready"]),
        Row(
            name: "init loops", script: "return { api = 1, on_init = function() while true do end end }",
            expected: ["filter-killed-cpu: "]),
        Row(
            name: "body phase without its mode", script: "return { api = 1, on_request_body = function() end }",
            expected: ["request_body = \"stream\""]),
        Row(name: "no such mode", script: "return { api = 1, request_body = 'whole' }", expected: ["request_body is"]),
        Row(
            name: "schema that is none", script: "return { api = 1, schema = { type = 'thing' } }",
            expected: ["filter-script: schema/type: "]),
        Row(name: "bytecode", script: "\u{1B}Lua", expected: ["filters/a.lua:1:1: filter-script: a script is text"]),
    ]

    static let policies: [Row] = [
        Row(
            name: "upstream", script: "return { api = 1, uses = { http = { 'main' } } }",
            expected: ["gateway.yaml:7:32: filter-policy: the script \"a\" uses the upstream \"main\""]),
        Row(
            name: "store", script: "return { api = 1, uses = { store = { 's' } } }", top: stores,
            expected: ["filter-policy: the script \"a\" uses the store \"s\""]),
        Row(
            name: "secret", script: "return { api = 1, uses = { secrets = { 'key' } } }",
            expected: ["filter-policy: the script \"a\" uses the secret \"key\""]),
        Row(
            name: "variable", script: "return { api = 1, uses = { env = { 'HOME' } } }",
            expected: ["filter-policy: the script \"a\" uses the variable \"HOME\""]),
        Row(
            name: "each of them",
            script: "return { api = 1, uses = { http = { 'x', 'main' }, store = { 't' }, secrets = { 'k' } } }",
            top: policy + stores,
            expected: ["the upstream \"x\"", "the store \"t\"", "the secret \"k\""]),
        Row(
            name: "all that is allowed",
            script: """
                local s = gw.store('s')
                return { api = 1,
                  uses = { http = { 'main' }, store = { 's' }, secrets = { 'key' }, env = { 'HOME' } },
                  on_init = function() assert(gw.secret('key') == 'abc' and gw.env('HOME') == '/root') end }
                """,
            top: policy + stores, expected: []),
        Row(
            name: "used and not declared", script: "local s = gw.store('s')\n" + says, top: policy + stores,
            expected: ["the store \"s\" is used and not declared"]),
        Row(
            name: "a secret that is not declared", script: "local s = gw.secret('key')\n" + says, top: policy + stores,
            expected: ["the secret \"key\" is used and not declared"]),
        Row(
            name: "unknown use", script: "return { api = 1, uses = { files = { 'x' } } }",
            expected: ["uses has no key \"files\""]),
        Row(
            name: "store that nobody defines", script: says, top: "lua: { policy: { stores: [t] } }\n",
            expected: ["gateway.yaml:1:27: unknown-store: there is no store \"t\""]),
        Row(
            name: "upstream that nobody defines", script: says, top: "lua: { policy: { http: [nowhere] } }\n",
            expected: ["gateway.yaml:1:25: "]),
        Row(
            name: "an upstream that the configuration names",
            script: "return { api = 1, uses = { http = { '$config.to' } },"
                + " schema = { type = 'object', properties = { to = { type = 'string' } } } }",
            keys: ", script: a, config: { to: other }", top: policy + stores, expected: ["the upstream \"other\""]),
        Row(
            name: "an allowed one that the configuration names",
            script: "return { api = 1, uses = { http = { '$config.to' } },"
                + " schema = { type = 'object', properties = { to = { type = 'string' } } } }",
            keys: ", script: a, config: { to: main }", top: policy + stores, expected: []),
        Row(
            name: "one metric twice, differently", script: "gw.metrics.counter('hits_total', 'Hits', { 'x' })\n" + says,
            keys: ", script: a }, { type: lua, script: b",
            others: ["b": "gw.metrics.counter('hits_total', 'Hits', { 'y' })\n" + says],
            expected: ["filters/b.lua:1:1: filter-script: "]),
        Row(
            name: "one metric twice, alike", script: "gw.metrics.counter('hits_total', 'Hits', { 'x' })\n" + says,
            keys: ", script: a }, { type: lua, script: b",
            others: ["b": "gw.metrics.counter('hits_total', 'Hits', { 'x' })\n" + says], expected: []),
        Row(
            name: "a metric of the gateway", script: "gw.metrics.counter('gateway_x', 'x')\n" + says,
            expected: ["filters/a.lua:1:1: filter-script: "]),
    ]

    private static let schema = """
        return { api = 1, schema = { type = 'object', required = { 'header' }, properties = {
          header = { type = 'string', format = 'header-name' },
          n = { type = 'integer', minimum = 1, maximum = 10, default = 5 },
          mode = { enum = { 'a', 'b' } },
          list = { type = 'array', maxItems = 2, items = { type = 'string' } } } },
          on_init = function(conf) assert(conf.n == 5 or conf.n == 7) end }
        """

    private static func configured(_ name: String, _ config: String, _ expected: String...) -> Row {
        Row(name: name, script: schema, keys: ", script: a,\n            config: \(config)", expected: expected)
    }

    static let configurations: [Row] = [
        configured("fine", "{ header: x-a }"),
        configured("all of it", "{ header: x-a, n: 7, mode: b, list: [a, b] }"),
        Row(name: "none", script: schema, expected: ["gateway.yaml:7:11: "]),
        configured("required", "{ n: 5 }", "gateway.yaml:8:21: "),
        configured("format", "{ header: \"x a\" }", "gateway.yaml:8:31: "),
        configured("type", "{ header: x-a, n: five }", "gateway.yaml:8:39: "),
        configured("bound", "{ header: x-a, n: 11 }", "gateway.yaml:8:39: "),
        configured("enum", "{ header: x-a, mode: c }", "gateway.yaml:8:42: "),
        configured("unknown", "{ header: x-a, haeder: 1 }", "gateway.yaml:8:36: "),
        configured("items", "{ header: x-a, list: [a, 1, c] }", "gateway.yaml:8:42: "),
        configured("no mapping", "[1]", "gateway.yaml:8:21: "),
        Row(
            name: "where there is no schema", script: says, keys: ", script: a,\n            config: { a: 1 }",
            expected: ["gateway.yaml:8:23: "]),
    ]

    @Test(arguments: loading + policies + configurations) func says(_ row: Row) throws {
        let found = try diagnostics(row)
        #expect(found.count >= row.expected.count, "\(found)")
        if row.expected.isEmpty { #expect(found.isEmpty) }
        for part in row.expected {
            #expect(found.contains { $0.contains(part) }, "no \(part) in \(found.joined(separator: "\n"))")
        }
    }

    private func diagnostics(_ row: Row) throws -> [String] {
        let directory = try TemporaryDirectory()
        try directory.write("filters/a.lua", row.script)
        for (name, text) in row.others { try directory.write("filters/\(name).lua", text) }
        let empty = String(repeating: "#\n", count: 3 - row.top.split(separator: "\n").count)
        let keys = row.keys.isEmpty ? ", script: a" : row.keys
        let file = try directory.write(
            "gateway.yaml",
            row.top + empty + "upstreams: { main: { targets: [\"http://127.0.0.1:1\"] } }\n" + """
                routes:
                  - { name: r, path: /r, upstream: main, middleware: [
                          { type: lua\(keys) } ] }

                """)
        do {
            let loaded = try ConfigLoader(environment: { $0 == "HOME" ? "/root" : nil }).load(path: file)
            return loaded.warnings.map { "\($0.code): \($0.message)" }
        } catch {
            return error.diagnostics.map { diagnostic in
                let place = diagnostic.position.description.replacingOccurrences(of: directory.path + "/", with: "")
                return "\(place): \(diagnostic.code): \(diagnostic.message)"
            }
        }
    }

    // MARK: What goes on

    @Test func filesOfScriptsAreWatched() throws {
        let directory = try TemporaryDirectory()
        try directory.write("filters/a/filter.lua", "local x = require 'lib.x'\n" + Self.says)
        try directory.write("filters/lib/x.lua", "return 1")
        let file = try directory.write(
            "gateway.yaml",
            "routes: [{ name: r, path: /r, respond: { status: 204 }, middleware: [{ type: lua, script: a }] }]\n")
        let loaded = try ConfigLoader().load(path: file)
        let files = loaded.files.map { $0.replacingOccurrences(of: directory.path + "/", with: "") }
        let expected = ["gateway.yaml", "filters/a/filter.lua", "filters/a/filter_test.lua", "filters/lib/x.lua"]
        #expect(files == expected)
    }

    @Test func aScriptThatNobodyUsesIsNotRead() throws {
        let directory = try TemporaryDirectory()
        try directory.write("filters/bad.lua", "return {")
        let file = try directory.write(
            "gateway.yaml", "routes: [{ name: r, path: /r, respond: { status: 204 } }]\n")
        #expect(try ConfigLoader().load(path: file).warnings.isEmpty)
    }

    @Test func secretsOfScriptsAreNotShown() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "filters/a.lua",
            "return { api = 1, schema = { type = 'object', properties = {"
                + " key = { type = 'string', secret = true, maxLength = 5 } } } }")
        let file = try directory.write(
            "gateway.yaml",
            "routes: [{ name: r, path: /r, respond: { status: 204 }, middleware: ["
                + "{ type: lua, script: a, config: { key: planted-secret } }] }]\n")
        do {
            _ = try ConfigLoader().load(path: file)
            Issue.record("it is too long")
        } catch {
            #expect(!error.description.contains("planted"), "\(error.description)")
        }
    }
}

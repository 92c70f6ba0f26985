import Config
import ControlPlane
import Foundation
import Testing

@Suite("differences of effective configurations") struct EffectiveConfigChangesTests {
    /// - Parameter secret: what `${S}` is.
    private func effective(_ yaml: String, secret: String = "hunter2") throws -> EffectiveConfig {
        try ConfigLoader(environment: { $0 == "S" ? secret : nil }).load(yaml: yaml, file: "f").effective
    }

    private func changes(_ old: EffectiveConfig, _ new: EffectiveConfig) -> [String] {
        EffectiveConfig.changes(from: old, to: new).map { change in
            let sides = [change.old, change.new].compactMap { $0?.compact }
            return "\(change.kind) \(change.path): " + sides.joined(separator: " -> ")
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var old: String
        var new: String
        var changes: [String]
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "position and comments", old: "workers: 2", new: "# more\n\nworkers:   2", changes: []),
        Case(name: "order of keys", old: "workers: 2\nadmin: {}", new: "admin:\nworkers: 2", changes: []),
        Case(name: "default written out", old: "", new: "timeouts: { request: 30s, drain: 30s }", changes: []),
        Case(name: "other unit", old: "timeouts: { request: 60s }", new: "timeouts: { request: 1m }", changes: []),
        Case(
            name: "variable for the same", old: "admin: { token: x }", new: "admin: { token: \"${NO:-x}\" }",
            changes: []),
        Case(name: "value", old: "workers: 2", new: "workers: 3", changes: ["changed workers: 2 -> 3"]),
        Case(
            name: "back to the default", old: "limits: { body: 1MiB }", new: "",
            changes: [#"changed limits.body: "1MiB" -> "10MiB""#]),
        Case(
            name: "list of values", old: "trusted_proxies: [10.0.0.0/8]",
            new: "trusted_proxies: [10.0.0.0/8, 10.1.0.0/16]",
            changes: [#"changed trusted_proxies: ["10.0.0.0/8"] -> ["10.0.0.0/8", "10.1.0.0/16"]"#]),
        Case(
            name: "secret", old: "admin: { token: a }", new: "admin: { token: b }",
            changes: [#"changed admin.token: "[redacted]" -> "[redacted]""#]),
        Case(
            name: "secret removed", old: "admin: { token: a }", new: "",
            changes: [#"changed admin.token: "[redacted]" -> """#]),
        Case(
            name: "mapping entry added", old: "access_log: { fields: {} }",
            new: "access_log: { fields: { a: $status } }",
            changes: [#"added access_log.fields.a: "$status""#]),
        Case(
            name: "listener replaced", old: "listeners: [{ name: a }]", new: "listeners: [{ name: b }]",
            changes: [
                #"removed listeners[a]: { "name": "a", "address": "0.0.0.0:8080", "proxy_protocol": "off" }"#,
                #"added listeners[b]: { "name": "b", "address": "0.0.0.0:8080", "proxy_protocol": "off" }"#,
            ]),
    ]

    @Test(arguments: cases) func outsideRoutes(_ row: Case) throws {
        let routes = "\nroutes: [{ name: r, respond: {} }]"
        #expect(changes(try effective(row.old + routes), try effective(row.new + routes)) == row.changes)
        #expect(changes(try effective(row.old + routes), try effective(row.old + routes)).isEmpty)
    }

    static let routeCases: [Case] = [
        Case(
            name: "route added", old: "{ name: a, respond: {} }",
            new: "{ name: a, respond: {} }, { name: b, respond: {} }",
            changes: [
                #"added routes[b]: { "name": "b", "headers": {}, "query": {}, "#
                    + #""respond": { "status": 200, "body": "", "headers": {} }, "middleware": [], "priority": 0 }"#
            ]),
        Case(
            name: "order of routes",
            old: "{ name: a, respond: {} }, { name: b, respond: {} }, { name: c, respond: {} }",
            new: "{ name: a, respond: {} }, { name: c, respond: {} }, { name: b, respond: {} }",
            changes: [#"changed routes: ["b", "c"] -> ["c", "b"]"#]),
        Case(
            name: "order of middleware", old: "{ name: a, respond: {}, middleware: [m, n] }",
            new: "{ name: a, respond: {}, middleware: [n, m] }",
            changes: [#"changed routes[a].middleware: ["m", "n"] -> ["n", "m"]"#]),
        Case(
            name: "order of middleware with definitions",
            old: "{ name: a, respond: {}, middleware: [m, n, { type: request-size }] }",
            new: "{ name: a, respond: {}, middleware: [n, m, { type: request-size }] }",
            changes: [
                #"changed routes[a].middleware[0]: "m" -> "n""#, #"changed routes[a].middleware[1]: "n" -> "m""#,
            ]),
        Case(
            name: "middleware definition added", old: "{ name: a, respond: {}, middleware: [m] }",
            new: "{ name: a, respond: {}, middleware: [m, { type: request-size }] }",
            changes: [
                #"added routes[a].middleware[1]: { "type": "request-size", "limit": "1MiB", "#
                    + #""require_content_length": false }"#
            ]),
        Case(
            name: "key added and removed", old: "{ name: a, respond: {}, path: /a }",
            new: "{ name: a, respond: {}, hosts: [h] }",
            changes: [#"removed routes[a].path: "/a""#, #"added routes[a].hosts: ["h"]"#]),
        Case(
            name: "time-out of a route", old: "{ name: a, respond: {} }",
            new: "{ name: a, respond: {}, timeouts: { request: 1s } }",
            changes: [#"added routes[a].timeouts.request: "1s""#]),
        Case(
            name: "other action", old: "{ name: a, respond: { body: x } }",
            new: "{ name: a, redirect: { location: /x } }",
            changes: [
                #"removed routes[a].respond: { "status": 200, "body": "x", "headers": {} }"#,
                #"added routes[a].redirect: { "status": 308, "location": "/x" }"#,
            ]),
        Case(
            name: "other form", old: "{ name: a, respond: {}, query: { q: x } }",
            new: "{ name: a, respond: {}, query: { q: { absent: true } } }",
            changes: [#"changed routes[a].query.q: "x" -> { "absent": true }"#]),
    ]

    @Test(arguments: routeCases) func ofRoutes(_ row: Case) throws {
        let middleware = "\nmiddleware: { m: { type: request-size }, n: { type: request-size } }"
        let old = try effective("routes: [\(row.old)]" + middleware)
        let new = try effective("routes: [\(row.new)]" + middleware)
        #expect(changes(old, new) == row.changes)
    }

    @Test func upstreamIsOneChange() throws {
        let routes = "routes: [{ name: a, respond: {} }]\n"
        let old = try effective(routes + "upstreams: { u: { targets: [http://a] } }")
        let new = try effective(routes + "upstreams: { v.w: { targets: [http://a] } }")
        let found = EffectiveConfig.changes(from: old, to: new)
        #expect(found.map { "\($0.kind) \($0.path)" } == ["removed upstreams.u", #"added upstreams["v.w"]"#])
        #expect(found.map { $0.old == nil } == [false, true])
        #expect(found.map { $0.new == nil } == [true, false])
    }

    @Test(arguments: [
        ("admin: { token: \"${S}\" }", "admin.token", "[redacted]"),
        (
            "middleware: { m: { type: headers, request: { set: { X: \"${S}\" } } } }", "middleware.m.request.set.X",
            "${S}"
        ),
    ])
    func changedSecretLooksTheSame(_ yaml: String, _ path: String, _ shown: String) throws {
        let yaml = yaml + "\nroutes: [{ name: a, respond: {} }]"
        let before = try effective(yaml, secret: "hunter2")
        let after = try effective(yaml, secret: "hunter3")
        #expect(changes(before, after) == ["changed \(path): \"\(shown)\" -> \"\(shown)\""])
        #expect(!"\(EffectiveConfig.changes(from: before, to: after))".contains("hunter"))
        #expect(changes(before, try effective(yaml, secret: "hunter2")).isEmpty)
    }

    @Test func jsonOfAChange() throws {
        let old = try effective("workers: 2\nroutes: [{ name: a, respond: {} }]")
        let new = try effective("workers: 3\nroutes: [{ name: a, respond: {}, priority: 1, path: /a }]")
        let json = EffectiveConfig.changes(from: old, to: new).map(\.json.compact)
        #expect(
            json == [
                #"{"kind":"changed","path":"workers","old":2,"new":3}"#,
                #"{"kind":"added","path":"routes[a].path","old":null,"new":"/a"}"#,
                #"{"kind":"changed","path":"routes[a].priority","old":0,"new":1}"#,
            ])
    }

    /// Unchanged routes are passed over by their fingerprints: some milliseconds, even in a debug build.
    @Test func fiveThousandRoutes() throws {
        func yaml(_ change: (Int) -> Int?) -> String {
            "routes:\n"
                + (0..<5000).compactMap(change).map {
                    "  - { name: r\($0), path: \"/r\($0)/{id}\", upstream: \"http://10.0.0.1:80\" }\n"
                }.joined()
        }
        let old = try effective(yaml { $0 })
        let new = try effective(yaml { $0 % 1000 == 7 ? nil : $0 == 4999 ? 5000 : $0 })
        let clock = ContinuousClock()
        var found: [EffectiveConfig.Change] = []
        let time = clock.measure { found = EffectiveConfig.changes(from: old, to: new) }
        #expect(found.map(\.path).filter { $0.hasSuffix("7]") }.count == 5)
        #expect(found.count == 7)
        #expect(time < .seconds(2), "\(time)")
    }
}

import Config
import ControlPlane
import Foundation
import GatewayTesting
import Testing

@Suite("effective configuration") struct EffectiveConfigTests {
    static let environment = [
        "SECRET": "hunter2", "EMPTY": "", "HOST": "example.com", "PORT": "9001", "WEIGHT": "7", "WAIT": "60s",
        "SIZE": "65536", "OFF": "off", "FLAG": "true", "SHARE": "0.5", "NAME": "u", "METHOD": "PUT",
    ]

    private func load(_ yaml: String) throws -> LoadedConfig {
        try ConfigLoader(environment: { Self.environment[$0] }).load(yaml: yaml, file: "f")
    }

    private func effective(_ yaml: String) throws -> EffectiveConfig { try load(yaml).effective }

    /// Lines as `gateway config` prints them, one space for many.
    private func lines(_ effective: EffectiveConfig) -> [String] {
        effective.table.split(separator: "\n").map { line in
            line.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        }
    }

    @Test func everyKeyOfARouteAndItsUpstream() throws {
        let yaml = """
            x-shared: &wait 5s
            routes:
              - upstream: users
                name: users
                path: "/api/*"
                timeouts: { request: *wait }
                middleware: [stamp, { type: request-size }]
              - { name: more.than.words, redirect: { location: /x } }
            upstreams:
              users: { targets: ["http://a:1", { url: "http://b:2" }], balance: random }
            middleware:
              stamp: { type: headers, request: { set: { X-A: 1 } } }
            """
        let shown = lines(try effective(yaml))
        let first = try #require(shown.firstIndex { $0.hasPrefix("routes") })
        #expect(
            shown[first...].filter { !$0.hasPrefix("middleware.stamp.response") } == [
                "routes[users].name users f:4:11", "routes[users].path /api/* f:5:11",
                "routes[users].headers {} default", "routes[users].query {} default",
                "routes[users].upstream users f:3:15", "routes[users].middleware[0] stamp f:7:18",
                "routes[users].middleware[1].type request-size f:7:33",
                "routes[users].middleware[1].limit 1MiB default",
                "routes[users].middleware[1].require_content_length false default",
                "routes[users].timeouts.request 5s f:1:11", "routes[users].priority 0 default",
                #"routes["more.than.words"].name more.than.words f:8:13"#,
                #"routes["more.than.words"].headers {} default"#, #"routes["more.than.words"].query {} default"#,
                #"routes["more.than.words"].redirect.status 308 default"#,
                #"routes["more.than.words"].redirect.location /x f:8:52"#,
                #"routes["more.than.words"].middleware [] default"#, #"routes["more.than.words"].priority 0 default"#,
                "upstreams.users.targets[0] http://a:1 f:10:22", "upstreams.users.targets[1].url http://b:2 f:10:43",
                "upstreams.users.targets[1].weight 1 default", "upstreams.users.balance random f:10:69",
                "upstreams.users.keep_alive.per_worker 64 default", "upstreams.users.keep_alive.idle 55s default",
                "upstreams.users.connect_timeout 2s default", "upstreams.users.response_timeout 15s default",
                "upstreams.users.tls.verify true default", "upstreams.users.tls.ca system default",
                "upstreams.users.tls.server_name auto default", "upstreams.users.tls.min_version 1.2 default",
                "middleware.stamp.type headers f:12:18", "middleware.stamp.request.remove [] default",
                "middleware.stamp.request.set.X-A 1 f:12:50", "middleware.stamp.request.add {} default",
                "stores {} default", "lua.path filters default", "lua.preempt signal default",
                "lua.policy.http [] default", "lua.policy.stores [] default", "lua.policy.secrets {} default",
                "lua.policy.env [] default", "lua.rollback true default", "tests [] default",
            ])
    }

    static let defaults = [
        "listeners[http].name http default", "listeners[http].address 0.0.0.0:8080 default",
        "admin.address 127.0.0.1:9901 default", #"admin.token "" default"#, "workers auto default",
        "trusted_proxies [] default", "limits.body 10MiB default", "limits.header_count 100 default",
        "timeouts.request 30s default", "access_log.output stdout default", "access_log.when.sample 1 default",
        "reload.watch true default", "upstreams {} default", "middleware {} default", "tests [] default",
    ]

    @Test func defaultsAreShown() throws {
        let shown = lines(try effective("routes: [{ name: a, respond: {} }]"))
        for line in Self.defaults { #expect(shown.contains(line), "\(line)") }
        let redacted = try #require(shown.first { $0.hasPrefix("access_log.redact_query") })
        #expect(redacted.contains("access_token"))
        // What is not set and has no default is not there.
        #expect(!shown.contains { $0.hasPrefix("routes[a].upstream") || $0.hasPrefix("routes[a].timeouts") })
    }

    @Test func listenersWithoutNameAreAddressedByTheDefault() throws {
        let shown = lines(try effective("listeners: [{ address: \"[::]:1\" }]\nroutes: [{ name: a, respond: {} }]"))
        #expect(shown.first == "listeners[http].name http default")
        #expect(shown.dropFirst().first == "listeners[http].address [::]:1 f:1:24")
    }

    // MARK: - Redaction

    /// What a key says, and what is shown of it.
    static let redactions: [(yaml: String, path: String, shown: String)] = [
        ("admin: { token: \"${SECRET}\" }", "admin.token", "[redacted]"),
        ("admin: { token: literal }", "admin.token", "[redacted]"),
        ("admin: { token: \"${EMPTY:-}\" }", "admin.token", #""""#),
        ("admin: { token: \"${NONE:-hunter2}\" }", "admin.token", "[redacted]"),
        ("admin: { address: \"0.0.0.0:${PORT}\" }", "admin.address", "0.0.0.0:9001"),
        ("workers: ${WEIGHT}", "workers", "7"),
        ("timeouts: { request: \"${WAIT}\" }", "timeouts.request", "1m"),
        ("limits: { body: \"${SIZE}\" }", "limits.body", "64KiB"),
        ("listeners: [{ proxy_protocol: \"${OFF}\" }]", "listeners[http].proxy_protocol", "off"),
        ("reload: { watch: \"${FLAG}\" }", "reload.watch", "true"),
        ("access_log: { when: { sample: \"${SHARE}\" } }", "access_log.when.sample", "0.5"),
        ("access_log: { output: \"/logs/${SECRET}\" }", "access_log.output", "/logs/${SECRET}"),
        ("trusted_proxies: [\"10.0.0.0/${WEIGHT}\"]", "trusted_proxies", #"["10.0.0.0/7"]"#),
        ("x: { upstream: \"http://${HOST}:${PORT}\" }", "routes[x].upstream", "http://example.com:9001"),
        ("x: { respond: {}, hosts: [\"${HOST}\"] }", "routes[x].hosts", #"["example.com"]"#),
        ("x: { respond: {}, methods: [\"${METHOD}\", GET] }", "routes[x].methods", #"["PUT","GET"]"#),
        ("x: { respond: {}, path: \"/${SECRET}\" }", "routes[x].path", "/${SECRET}"),
        ("x: { respond: { body: \"${SECRET}\" } }", "routes[x].respond.body", "${SECRET}"),
        ("x: { respond: { body: \"a ${NONE:-b}\" } }", "routes[x].respond.body", #""a ${NONE:-b}""#),
        ("x: { respond: { body: \"$${SECRET}\" } }", "routes[x].respond.body", "${SECRET}"),
        ("x: { respond: { headers: { X-A: \"${SECRET}\" } } }", "routes[x].respond.headers.X-A", "${SECRET}"),
        ("x: { respond: { headers: { X-A: plain } } }", "routes[x].respond.headers.X-A", "plain"),
        ("x: { respond: { headers: { Set-Cookie: a=b } } }", "routes[x].respond.headers.Set-Cookie", "[redacted]"),
        ("x: { respond: {}, headers: { authorization: a } }", "routes[x].headers.authorization", "[redacted]"),
        (
            "x: { respond: {}, headers: { X-Api-Key: { regex: hunter2 } } }", "routes[x].headers.X-Api-Key.regex",
            "[redacted]"
        ),
        ("x: { respond: {}, headers: { cookie: { present: true } } }", "routes[x].headers.cookie.present", "true"),
        ("x: { respond: {}, query: { access_token: a } }", "routes[x].query.access_token", "[redacted]"),
        (
            "x: { respond: {}, middleware: [{ type: headers, request: { add: { X-Password: a } } }] }",
            "routes[x].middleware[0].request.add.X-Password", "[redacted]"
        ),
        (
            "x: { upstream: u, rewrite: { regex: [\"^/${SECRET}\", /x] } }\nupstreams: { u: { targets: [http://a] } }",
            "routes[x].rewrite.regex", #"["^/${SECRET}","/x"]"#
        ),
    ]

    @Test(arguments: redactions)
    func redacts(_ yaml: String, _ path: String, _ shown: String) throws {
        var yaml = yaml
        if yaml.hasPrefix("x: { ") {
            yaml = "routes:\n  - { name: x, " + yaml.dropFirst(5)
        } else {
            yaml += "\nroutes: [{ name: x, respond: {} }]"
        }
        let effective = try effective(yaml)
        let line = try #require(lines(effective).first { $0.hasPrefix(path + " ") })
        #expect(line.hasPrefix("\(path) \(shown) f:"), "\(line)")
        let all = effective.table + effective.json.pretty + "\(effective)"
        #expect(!all.contains("hunter2"))
    }

    // MARK: - The environment

    @Test func settingsOfTheProcessWin() throws {
        var loaded = try load("workers: 2\nroutes: [{ name: a, respond: {} }]")
        try ProcessSettings { ["GATEWAY_WORKERS": "3", "GATEWAY_ADMIN_ADDRESS": "off"][$0] }.apply(to: &loaded)
        let shown = lines(loaded.effective)
        #expect(shown.contains("workers 3 environment GATEWAY_WORKERS"))
        #expect(shown.contains("admin.address off environment GATEWAY_ADMIN_ADDRESS"))
        #expect(loaded.config.workers == 3 && loaded.config.admin.address == nil)
    }

    @Test func jsonHasOneObjectForEachValue() throws {
        let effective = try effective("workers: 2\nroutes: [{ name: a, respond: {} }]")
        guard case .array(let entries) = effective.json else {
            Issue.record("not an array")
            return
        }
        #expect(entries.count == effective.entries.count)
        #expect(
            entries.contains(
                .object([("path", .string("workers")), ("value", .integer(2)), ("origin", .string("f:1:10"))])))
    }
}

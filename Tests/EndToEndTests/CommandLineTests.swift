import Foundation
import GatewayTesting
import Testing

/// The commands that end by themselves: what they print and their exit codes (0 fine, 1 wrong, 2 usage, 3 no start).
@Suite("command line", .timeLimit(.minutes(3)))
struct CommandLineTests {
    static let directory = Result { try TemporaryDirectory() }

    static let good = """
        upstreams:
          users: { targets: ["http://127.0.0.1:9001"] }
        middleware:
          stamp: { type: headers, request: { set: { X-A: "1" } } }
        routes:
          - name: users
            path: "/api/users/{id}"
            upstream: users
            methods: [GET]
            rewrite: { path: "/u/{id}" }
            middleware: [stamp]
          - { name: rest, path: "/api/*", upstream: users }
          - { name: hello, path: "/hello", respond: { status: 200, body: hi } }
        """

    private func run(_ arguments: String..., environment: [String: String] = [:], config: String? = nil) throws
        -> (exitCode: Int32, output: String, errors: String)
    {
        guard let config else { return try GatewayProcess.command(arguments, environment: environment) }
        let file = try Self.directory.get().write("\(UUID().uuidString).yaml", config)
        return try GatewayProcess.command(arguments + ["-c", file], environment: environment)
    }

    private func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    // MARK: validate

    @Test func validateAccepts() throws {
        let result = try run("validate", config: Self.good)
        #expect(result.exitCode == 0, "\(result.errors)")
        #expect(!result.output.isEmpty)
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        var name: String
        var config: String
        /// `line:column` of the complaint, as far as the row knows it.
        var position: String
        var mentions: String
        var testDescription: String { name }
    }

    static let wrongs: [Wrong] = [
        Wrong(
            name: "unknown key",
            config: "routes:\n  - { name: a, path: \"/\", upsteam: x }\n", position: ":2:", mentions: "upstream"),
        Wrong(name: "unknown top-level key", config: "rutes: []\n", position: ":1:1:", mentions: "routes"),
        Wrong(
            name: "duplicate route",
            config: "routes:\n  - { name: a, path: /a, respond: { status: 200 } }\n  - "
                + "{ name: a, path: /b, respond: { status: 200 } }\n", position: ":3:", mentions: "a"),
        Wrong(
            name: "undefined upstream",
            config: "routes:\n  - { name: a, path: /a, upstream: nobody }\n", position: ":2:", mentions: "nobody"),
        Wrong(
            name: "no action",
            config: "routes:\n  - { name: a, path: /a }\n", position: ":2:", mentions: "upstream"),
        Wrong(
            name: "two actions",
            config: "routes:\n  - { name: a, path: /a, upstream: \"http://a:1\", "
                + "respond: { status: 200 } }\n", position: ":2:", mentions: "respond"),
        Wrong(name: "duration without unit", config: "timeouts: { request: 30 }\n", position: ":1:", mentions: "30s"),
        Wrong(
            name: "missing variable",
            config: "admin: { token: \"${GATEWAY_TEST_UNSET}\" }\n", position: ":1:", mentions: "GATEWAY_TEST_UNSET"),
        Wrong(name: "broken YAML", config: "routes: [\n", position: ":", mentions: "error"),
        Wrong(
            name: "ambiguous routes",
            config: "routes:\n  - { name: one, path: \"/{a}\", respond: { status: 200 } }\n  - "
                + "{ name: two, path: \"/{b}\", respond: { status: 200 } }\n", position: ":3:", mentions: "one"),
        Wrong(
            name: "bad regex",
            config: "routes:\n  - { name: a, path_regex: \"(\", "
                + "respond: { status: 200 } }\n", position: ":2:", mentions: "path_regex"),
        Wrong(
            name: "path without slash",
            config: "routes:\n  - { name: a, path: api, respond: "
                + "{ status: 200 } }\n", position: ":2:", mentions: "api"),
        Wrong(
            name: "bad status",
            config: "routes:\n  - { name: a, path: /a, respond: { status: 20 } }\n", position: ":2:", mentions: "20"),
        Wrong(
            name: "bad port",
            config: "routes:\n  - { name: a, path: /a, upstream: "
                + "\"http://a:70000\" }\n", position: ":2:", mentions: "70000"),
        Wrong(
            name: "not implemented yet",
            config: "listeners:\n  - { name: a, address: "
                + "\"127.0.0.1:1\", tls: {} }\n", position: ":2:", mentions: "tls"),
    ]

    @Test(arguments: wrongs)
    func validateLocates(_ row: Wrong) throws {
        let result = try run("validate", config: row.config)
        #expect(result.exitCode == 1, "\(result.output) \(result.errors)")
        let text = result.output + result.errors
        #expect(text.range(of: ".yaml\(row.position)") != nil, "\(text)")
        #expect(text.range(of: "error[") != nil, "\(text)")
        #expect(text.range(of: row.mentions) != nil, "\(text)")
    }

    @Test func validateTellsEverythingAtOnce() throws {
        let result = try run(
            "validate", config: "limits: { body: 10 MB }\ntimeouts: { request: 5 }\nroutes:\n  - { nme: a }\n")
        let text = result.output + result.errors
        #expect(text.components(separatedBy: "error[").count >= 4, "\(text)")
    }

    @Test func validateAsJSON() throws {
        let fine = try run("validate", "--format", "json", config: Self.good)
        #expect(fine.exitCode == 0)
        #expect(try json(fine.output)["valid"] as? Bool == true)
        let wrong = try run("validate", "--format", "json", config: Self.wrongs[0].config)
        #expect(wrong.exitCode == 1)
        let report = try json(wrong.output)
        #expect(report["valid"] as? Bool == false)
        let first = try #require((report["diagnostics"] as? [[String: Any]])?.first)
        #expect(first["line"] as? Int == 2)
    }

    @Test func validateExpandsTheEnvironment() throws {
        let config = "routes:\n  - { name: a, path: \"${GATEWAY_TEST_PATH}\", respond: { status: 200 } }\n"
        #expect(try run("validate", environment: ["GATEWAY_TEST_PATH": "/x"], config: config).exitCode == 0)
        #expect(try run("validate", environment: ["GATEWAY_TEST_PATH": "x"], config: config).exitCode == 1)
        #expect(try run("validate", config: config).exitCode == 1)
    }

    @Test func missingFile() throws {
        let result = try run("validate", "-c", "/nonexistent/gateway.yaml")
        #expect(result.exitCode == 1 || result.exitCode == 3)
        #expect((result.errors + result.output).range(of: "/nonexistent/gateway.yaml") != nil)
    }

    @Test func warnsOfAShadowedRoute() throws {
        let config = """
            routes:
              - { name: all-ids, path: "/a/{id}", respond: { status: 200 } }
              - { name: never, path: "/a/{id}", priority: -1, respond: { status: 200 } }
            """
        let result = try run("validate", config: config)
        let text = result.output + result.errors
        #expect(result.exitCode == 0, "\(text)")
        #expect(text.range(of: "warning[") != nil, "\(text)")
        #expect(text.range(of: "never") != nil && text.range(of: "all-ids") != nil, "\(text)")
    }

    // MARK: routes and explain

    @Test func routesListsAll() throws {
        let result = try run("routes", config: Self.good)
        #expect(result.exitCode == 0, "\(result.errors)")
        for text in ["users", "/api/users/{id}", "rest", "/api/*", "hello", "/hello", "GET"] {
            #expect(result.output.range(of: text) != nil, "\(text) in \(result.output)")
        }
    }

    @Test func explainTellsWhy() throws {
        let result = try run("explain", "GET", "http://example.com/api/users/7?x=1", config: Self.good)
        #expect(result.exitCode == 0, "\(result.errors)")
        for text in ["users", "/u/7", "stamp", "rest"] {
            #expect(result.output.range(of: text) != nil, "\(text) in \(result.output)")
        }
    }

    @Test func explainTellsWhyNot() throws {
        let result = try run("explain", "GET", "http://example.com/nowhere", config: Self.good)
        #expect((result.output + result.errors).range(of: "404") != nil, "\(result)")
        let method = try run("explain", "POST", "http://example.com/hello/x", config: Self.good)
        #expect((method.output + method.errors).range(of: "404") != nil, "\(method)")
    }

    // MARK: help, version, schema, usage

    static let codes = [
        "no_route", "method_not_allowed", "bad_request", "uri_too_long", "headers_too_large", "body_too_large",
        "request_timeout", "body_timeout", "unauthenticated", "forbidden", "rate_limited", "filter_failed",
        "no_healthy_upstream", "circuit_open", "upstream_connect", "upstream_connect_timeout", "upstream_reset",
        "upstream_timeout", "upstream_protocol", "upstream_truncated", "upstream_unresolved", "deadline_exceeded",
        "length_required", "expectation_failed", "version_not_supported", "overloaded", "draining", "ok", "client_gone",
    ]

    @Test(arguments: codes)
    func helpKnowsEveryCode(_ code: String) throws {
        let result = try run("help", code)
        #expect(result.exitCode == 0, "\(result.errors)")
        #expect(result.output.range(of: code) != nil)
        #expect(result.output.count > 80, "a code alone explains nothing: \(result.output)")
    }

    @Test func helpSuggests() throws {
        let result = try run("help", "upstream_timeot")
        #expect(result.exitCode != 0)
        #expect((result.output + result.errors).range(of: "upstream_timeout") != nil)
    }

    @Test func helpListsCommands() throws {
        for arguments in [["help"], ["--help"]] {
            let result = try GatewayProcess.command(arguments)
            #expect(result.exitCode == 0)
            for command in ["run", "validate", "routes", "explain", "config", "demo", "version"] {
                #expect(result.output.range(of: command) != nil, "\(command)")
            }
        }
    }

    @Test func versionNamesItsParts() throws {
        let result = try run("version")
        #expect(result.exitCode == 0)
        #expect(result.output.range(of: "Lua 5.4") != nil, "\(result.output)")
        #expect(result.output.range(of: "Swift") != nil)
        let report = try json(try run("version", "--format", "json").output)
        #expect((report["lua"] as? String)?.hasPrefix("5.4") == true)
    }

    // MARK: config

    @Test func configTellsValuesAndOrigins() throws {
        let environment = ["GATEWAY_WORKERS": "3", "GATEWAY_ADMIN_ADDRESS": "off"]
        let result = try run("config", environment: environment, config: Self.good)
        #expect(result.exitCode == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n").map { line in
            line.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        }
        func rest(_ path: String) -> [String] { lines.first { $0.first == path }.map { Array($0.dropFirst()) } ?? [] }
        #expect(rest("workers") == ["3", "environment", "GATEWAY_WORKERS"])
        #expect(rest("admin.address") == ["off", "environment", "GATEWAY_ADMIN_ADDRESS"])
        #expect(rest("timeouts.request") == ["30s", "default"])
        #expect(rest("routes[users].path").first == "/api/users/{id}")
        #expect(rest("routes[users].path").last?.hasSuffix(".yaml:7:11") == true)
    }

    @Test func configAsJSON() throws {
        let result = try run("config", "--format", "json", config: Self.good)
        #expect(result.exitCode == 0, "\(result.errors)")
        let entries = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
        let status = try #require(entries.first { $0["path"] as? String == "routes[hello].respond.status" })
        #expect(status["value"] as? Int == 200)
        #expect((status["origin"] as? String)?.contains(".yaml:13:") == true)
        #expect(entries.allSatisfy { $0.count == 3 })
    }

    @Test func configRefusesWhatValidateRefuses() throws {
        let result = try run("config", config: Self.wrongs[0].config)
        #expect(result.exitCode == 1)
        #expect(result.errors.contains("error[unknown-key]") && result.output.isEmpty, "\(result)")
    }

    @Test func noCommandPrintsASecret() throws {
        let mounted = try Self.directory.get().write("mounted-secret", "planted-in-a-file\n")
        let config = """
            admin: { token: "${file:\(mounted)}" }
            middleware:
              stamp: { type: headers, request: { set: { X-Key: "${PLANTED}", Authorization: "Basic ${PLANTED}" } } }
            routes:
              - { name: a, path: /a, middleware: [stamp], respond: { body: "${PLANTED} ${file:\(mounted)}" } }
            """
        let environment = ["PLANTED": "planted-in-a-variable"]
        for arguments in [["config"], ["config", "--format", "json"], ["validate"], ["routes"]] {
            let file = try Self.directory.get().write("planted.yaml", config)
            let result = try GatewayProcess.command(arguments + ["-c", file], environment: environment)
            #expect(result.exitCode == 0, "\(result.errors)")
            #expect(!(result.output + result.errors).contains("planted-in"), "\(arguments): \(result.output)")
        }
    }

    @Test func schemaIsJSONAndKnowsTheKeys() throws {
        let result = try run("config", "--schema")
        #expect(result.exitCode == 0, "\(result.errors)")
        let schema = try json(result.output)
        #expect((schema["$schema"] as? String)?.contains("2020-12") == true)
        let properties = try #require(schema["properties"] as? [String: Any])
        for key in [
            "listeners", "admin", "workers", "trusted_proxies", "limits", "timeouts", "routes", "upstreams",
            "middleware",
        ] {
            #expect(properties[key] != nil, "\(key)")
        }
    }

    @Test(arguments: [["frobnicate"], ["run", "--frobnicate"], ["explain", "GET"], ["validate", "--format", "xml"]])
    func wrongUsage(_ arguments: [String]) throws {
        let result = try GatewayProcess.command(arguments)
        #expect(result.exitCode == 2, "\(result)")
        #expect(!result.errors.isEmpty)
    }
}

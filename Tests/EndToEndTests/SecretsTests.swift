import Foundation
import GatewayTesting
import Testing

/// Nothing secret is in anything that people or machines read of a gateway: logs, metrics, the admin API, commands.
@Suite("secrets stay secret", .timeLimit(.minutes(3)))
struct SecretsTests {
    /// What is planted, each in a place of its own; none of them appears anywhere by chance.
    private enum Planted: String, CaseIterable {
        case signingSecret = "planted-signing-secret-0123456789abcdef"
        case adminToken = "planted-admin-token"
        case fileSecret = "planted-file-secret"
        case scriptSecret = "planted-script-secret"
        case bearer = "plantedbearer.plantedclaims.plantedsignature"
        case cookie = "planted-cookie-value"
        case headerKey = "planted-header-key"
        case queryKey = "planted-query-key"
        case queryToken = "planted-query-token"
        case queryPassword = "planted-query-password"
        case querySignature = "planted-query-signature"
        case password = "planted-password"
        case setCookie = "planted-set-cookie"
        case redis = "planted-redis-password"
    }

    @Test func nothingPlantedIsFound() throws {
        let upstream = try ScriptedUpstream { request, session in
            if request.target.contains("broken") { return }
            try session.respond("fine", fields: ["Set-Cookie: s=\(Planted.setCookie.rawValue)"])
        }
        let files = try TemporaryDirectory()
        let file = try files.write("secret", Planted.fileSecret.rawValue + "\n")
        let log = files.path + "/access.log"
        let config = try Self.config(upstream.url, log: log, secretFile: file)
        let gateway = try GatewayProcess(
            environment: Self.environment, upstream: upstream, config: config, adminKeys: "token: \"${ADMIN}\"",
            scripts: [
                "peek": """
                local secret = gw.secret "hmac"
                return { api = 1, uses = { secrets = { "hmac" } }, on_request = function(req)
                  if req:arg("fail") then error("failed") end
                end }
                """
            ])
        var outputs = Outputs()
        try ask(gateway, &outputs)
        try gateway.rewrite(config + "  - { name: tokens, path: nowhere, secret: \(Planted.fileSecret.rawValue) }\n")
        try waitUntil("the broken file is rejected") {
            try gateway.metrics().count("gateway_config_last_reload_success") == 0
        }
        try read(gateway, &outputs)
        try waitUntil("the log has been written") {
            (try? String(contentsOfFile: log, encoding: .utf8))?.contains("/open/last") == true
        }
        outputs.add("access log", try String(contentsOfFile: log, encoding: .utf8))
        outputs.add("log", gateway.child.errors + gateway.child.output)
        #expect(outputs.texts.count > 20)
        for (name, text) in outputs.texts {
            for planted in Planted.allCases where text.contains(planted.rawValue) {
                Issue.record("\(planted) is in \(name)")
            }
        }
    }

    /// Every place that a secret is given to, in one file.
    private static func config(_ url: String, log: String, secretFile: String) throws -> String {
        let zeros = String(repeating: "0", count: 64)
        return """
            access_log: { output: "\(log)" }
            lua: { policy: { secrets: { hmac: "${SCRIPT_SECRET}" } } }
            middleware:
              tokens:
                type: jwt
                secret: "${SIGNING_SECRET}"
                sources: ["header:authorization", "query:access_token", "cookie:t"]
              keys:
                type: api-key
                sources: ["header:x-api-key", "query:own_name"]
                keys: [{ id: a, hash: "sha256:\(zeros)" }]
              people:
                type: basic-auth
                users: [{ name: ada, hash: "$2y$04$abcdefghijklmnopqrstuuJ5UOPkCqwMkJ4Up9M3cVWFhHn/xCmoG" }]
              marked: { type: headers, request: { set: { x-mark: "${file:\(secretFile)}" } } }
              peek: { type: lua, script: peek }
              shared:
                type: rate-limit
                requests_per_second: 1000
                scope: redis
                redis: "redis://:${REDIS_PASSWORD}@127.0.0.1:\(try FreePort.take())/0"
            routes:
              - { name: tokens, path: "/tokens/*", upstream: "\(url)", middleware: [tokens] }
              - { name: keys, path: "/keys/*", upstream: "\(url)", middleware: [keys] }
              - { name: people, path: "/people/*", upstream: "\(url)", middleware: [people] }
              - { name: open, path: "/open/*", upstream: "\(url)", middleware: [marked, shared, peek] }

            """
    }

    private static let environment = [
        "SIGNING_SECRET": Planted.signingSecret.rawValue, "ADMIN": Planted.adminToken.rawValue,
        "SCRIPT_SECRET": Planted.scriptSecret.rawValue, "REDIS_PASSWORD": Planted.redis.rawValue,
        "GATEWAY_LOG_LEVEL": "trace",
    ]

    /// Everything that operators read: the admin API and the commands.
    private func read(_ gateway: GatewayProcess, _ outputs: inout Outputs) throws {
        for path in [
            "/healthz", "/readyz", "/metrics", "/routes", "/upstreams", "/workers", "/config", "/generations",
            "/events", "/filters", "/", "/openapi.json",
            "/explain?url=http%3A%2F%2Fa%2Ftokens%2Fx%3Faccess_token%3D1",
        ] {
            outputs.add("GET \(path)", "\(try gateway.admin(path))")
        }
        outputs.add(
            "POST /reload",
            "\(try gateway.adminPost("/reload", "Authorization: Bearer \(Planted.adminToken.rawValue)"))")
        outputs.add("POST /reload", "\(try gateway.adminPost("/reload", "Authorization: Bearer wrong"))")
        for arguments in [["config"], ["config", "--format", "json"], ["validate"], ["routes"]] {
            let run = try ChildProcess.run(
                GatewayProcess.binary(), arguments + ["-c", gateway.configFile],
                environment: Self.environment, workingDirectory: gateway.directory.path)
            outputs.add(arguments.joined(separator: " "), run.output + run.errors)
        }
    }

    /// Requests of all kinds, with credentials in every place that filters look at.
    private func ask(_ gateway: GatewayProcess, _ outputs: inout Outputs) throws {
        let basic = Data("ada:\(Planted.password.rawValue)".utf8).base64EncodedString()
        let requests: [(String, [String])] = [
            ("/tokens/a", ["Authorization: Bearer \(Planted.bearer.rawValue)"]),
            ("/tokens/a?access_token=\(Planted.queryToken.rawValue)", []),
            ("/tokens/a", ["Cookie: t=\(Planted.cookie.rawValue); s=\(Planted.cookie.rawValue)"]),
            ("/keys/a", ["X-Api-Key: \(Planted.headerKey.rawValue)"]),
            ("/keys/a?own_name=\(Planted.queryKey.rawValue)", []),
            ("/people/a", ["Authorization: Basic \(basic)"]),
            ("/open/a?password=\(Planted.queryPassword.rawValue)&sig=\(Planted.querySignature.rawValue)", []),
            ("/open/a?fail=1&token=\(Planted.queryToken.rawValue)", ["Cookie: a=\(Planted.cookie.rawValue)"]),
            ("/nowhere?key=\(Planted.queryKey.rawValue)", ["Authorization: Bearer \(Planted.bearer.rawValue)"]),
            ("/open/last", []),
        ]
        for (target, lines) in requests {
            let answer = try gateway.connect().exchange(RawConnection.request("GET", target, lines))
            // What an upstream sets is the client's.
            if answer.status != 200 { outputs.add("answer to \(target.prefix { $0 != "?" })", "\(answer)") }
        }
        // Bytes that are no request at all.
        let connection = try gateway.connect()
        try connection.send(
            "GET /odd HTTP/9.9\r\nAuthorization: \(Planted.bearer.rawValue)\r\n\r\n")
        try connection.waitForEnd()
    }

    private struct Outputs {
        var texts: [(name: String, text: String)] = []

        mutating func add(_ name: String, _ text: String) { texts.append((name, text)) }
    }
}

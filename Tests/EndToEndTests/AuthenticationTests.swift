import Foundation
import GatewayTesting
import Testing

/// Authentication filters in the real gateway: tokens of another library, keys, passwords, another service.
@Suite("authentication", .timeLimit(.minutes(4)))
struct AuthenticationTests {
    static let secret = "0123456789abcdef0123456789abcdef"

    /// A token made by PyJWT; nil where Python has none.
    private func token(_ claims: String, key: String = secret, algorithm: String = "HS256", more: String = "") throws
        -> String?
    {
        let made = try ChildProcess.run(
            "/usr/bin/env",
            [
                "python3", "-c",
                "import jwt,time;now=int(time.time());"
                    + "print(jwt.encode(\(claims),'''\(key)''',algorithm='\(algorithm)'\(more)))",
            ],
            environment: ProcessInfo.processInfo.environment)
        return made.exitCode == 0 ? made.output.trimmingCharacters(in: .whitespacesAndNewlines) : nil
    }

    private func get(_ gateway: GatewayProcess, _ target: String, _ lines: String...) throws -> HTTPMessage {
        try gateway.connect().exchange(RawConnection.request("GET", target, lines))
    }

    /// The sample of the project's mission as it stands, but for the address of its upstream.
    @Test func theMissionsSampleWorks() throws {
        let upstream = try ScriptedUpstream()
        let config = """
            routes:
              - name: "user-service"
                path: "/api/users/*"
                upstream: "\(upstream.url)"
                methods: ["GET", "POST", "PUT", "DELETE"]
                middleware:
                  - "auth"
                  - "rate-limit"
                  - "cors"
            middleware:
              auth:
                type: "jwt"
                secret: "${JWT_SECRET}"
                claims_validation:
                  - "exp"
                  - "aud"
              rate-limit:
                requests_per_minute: 1000
                burst: 100

            """
        let gateway = try GatewayProcess(
            workers: 2, environment: ["JWT_SECRET": Self.secret], upstream: upstream, config: config)
        #expect(try get(gateway, "/api/users/1").status == 401)
        let preflight = try gateway.connect().exchange(
            RawConnection.request(
                "OPTIONS", "/api/users/1", ["Origin: https://a.b", "Access-Control-Request-Method: PUT"]))
        #expect(preflight.status == 204 && preflight["access-control-allow-origin"] == "*")
        guard let good = try token("{'sub':'ada','aud':'shop','exp':now+300}"),
            let bad = try token("{'sub':'ada','exp':now+300}")
        else { return }
        #expect(try get(gateway, "/api/users/1", "Authorization: Bearer \(bad)").status == 401)
        let refused = try get(gateway, "/api/users/1", "Authorization: Bearer \(bad)", "Origin: https://a.b")
        #expect(refused["access-control-allow-origin"] == "*")
        #expect(refused["www-authenticate"] == #"Bearer realm="gateway", error="invalid_token""#)
        #expect(refused.text.contains("unauthenticated") && !refused.text.contains("aud"))
        // Over both workers, no more than the burst passes at once; a thousand a minute is one in 60 ms.
        let start = ContinuousClock.now
        let statuses = try (0..<150).map { _ in try get(gateway, "/api/users/1", "Authorization: Bearer \(good)").status
        }
        let spent = (ContinuousClock.now - start) / .milliseconds(60)
        let passed = statuses.filter { $0 == 200 }.count
        #expect(passed >= 100 && Double(passed) <= 101 + spent, "\(passed) in \(spent) intervals")
        #expect(Set(statuses) == [200, 429])
        let seen = try #require(upstream.requests(to: "/api/users/1").last)
        #expect(seen.values("authorization").isEmpty)
    }

    @Test func keysOfAnIssuerAreFetched() throws {
        let keys = try ScriptedKeys()
        let upstream = try ScriptedUpstream()
        let issuer = try ScriptedUpstream { _, session in
            let answer = keys.answer
            try session.respond(answer.body, status: answer.status, fields: ["Content-Type: application/json"])
        }
        keys.set(#"{"keys":[]}"#, status: "503 Busy")
        let gateway = try GatewayProcess(
            upstream: upstream,
            config: """
                middleware:
                  auth: { type: jwt, jwks_url: "\(issuer.url)/keys", stale_for: 10s }
                routes:
                  - { name: all, path: "/*", upstream: "\(upstream.url)", middleware: [auth] }

                """)
        let jwk = Data(Self.secret.utf8).base64EncodedString().replacing("=", with: "")
        guard let token = try token("{'sub':'ada','exp':now+300}", more: ",headers={'kid':'a'}") else { return }
        let waiting = try get(gateway, "/x", "Authorization: Bearer \(token)")
        #expect(waiting.status == 503 && waiting.text.contains("auth_unavailable"))
        #expect(waiting["retry-after"] != nil)
        keys.set(#"{"keys":[{"kty":"oct","kid":"a","k":"\#(jwk)"}]}"#)
        try waitUntil("keys have come", before: .after(.seconds(40))) {
            try get(gateway, "/x", "Authorization: Bearer \(token)").status == 200
        }
        #expect(try gateway.admin("/events").text.contains("keys_recovered"))
        // Whatever comes now, the good keys stay.
        for garbage in ["garbage", #"{"keys":[]}"#, String(repeating: "x", count: 600_000)] { keys.set(garbage) }
        let other = try #require(try self.token("{'exp':now+300}", more: ",headers={'kid':'b'}"))
        for _ in 0..<50 {
            #expect(try get(gateway, "/x", "Authorization: Bearer \(other)").status == 401)
        }
        #expect(try get(gateway, "/x", "Authorization: Bearer \(token)").status == 200)
        // An unknown name had it ask again once at most, and that not before 30 s have passed.
        #expect(issuer.requests(to: "/keys").count <= 12, "\(issuer.requests(to: "/keys").count)")
        #expect(
            try gateway.metrics().text.contains(
                "gateway_auth_decisions_total{filter=\"auth\",decision=\"unknown_key\"} 50"))
    }

    private final class ScriptedKeys: Sendable {
        private let state = LockedBox(("{}", "200 OK"))

        init() throws {}

        var answer: (body: String, status: String) { state.value }
        func set(_ body: String, status: String = "200 OK") { state.value = (body, status) }
    }

    @Test func keyFilesAreWatched() throws {
        let made = try ChildProcess.run(
            GatewayProcess.binary(), ["key", "new", "--id", "shop", "--consumer", "acme", "--format", "json"])
        let parsed = try JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any] ?? [:]
        let key = try #require(parsed["key"] as? String)
        let hash = try #require(parsed["hash"] as? String)
        #expect(key.hasPrefix("gwk_") && key.count > 40)
        let upstream = try ScriptedUpstream()
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "keys.yaml", "- { id: shop, hash: \"\(hash)\", consumer: acme, expires: 2100-01-01 }\n")
        let gateway = try GatewayProcess(
            upstream: upstream,
            config: """
                middleware:
                  keys: { type: api-key, file: "\(file)", forward_consumer: x-consumer }
                routes:
                  - { name: all, path: "/*", upstream: "\(upstream.url)", middleware: [keys] }

                """)
        #expect(try get(gateway, "/a").status == 401)
        #expect(try get(gateway, "/a", "X-Api-Key: \(key)x").status == 401)
        #expect(try get(gateway, "/a", "X-Api-Key: \(key)", "X-Consumer: root").status == 200)
        let seen = try #require(upstream.requests(to: "/a").last)
        #expect(seen.values("x-api-key").isEmpty && seen.values("x-consumer") == ["acme"])
        #expect(
            try gateway.metrics().count("gateway_api_key_not_after_seconds", ["filter": "keys", "key": "shop"])
                == 4_102_444_800)
        // Half a file, and one with an error, leave the keys in force.
        try directory.write("keys.yaml", "- { id: shop, hash: \"sha256:00")
        try waitUntil("it is rejected") { try gateway.metrics().count("gateway_config_last_reload_success") == 0 }
        #expect(gateway.child.errors.contains("keys.yaml:1"))
        #expect(try get(gateway, "/a", "X-Api-Key: \(key)").status == 200)
        let zeros = String(repeating: "0", count: 64)
        try directory.write("keys.yaml", "- { id: other, hash: \"sha256:\(zeros)\" }\n")
        try waitUntil("the key is gone") { try get(gateway, "/a", "X-Api-Key: \(key)").status == 401 }
    }

    @Test func passwordsAreComparedAwayFromTheWorker() throws {
        let upstream = try ScriptedUpstream()
        // bcrypt of "correct horse", cost 8.
        let hash = "$2b$08$abcdefghijklmnopqrstuuJ5UOPkCqwMkJ4Up9M3cVWFhHn/xCmoG"
        let made = try ChildProcess.run(
            "/usr/bin/env",
            ["python3", "-c", "import crypt;print(crypt.crypt('correct horse','$2b$08$abcdefghijklmnopqrstuu'))"],
            environment: ProcessInfo.processInfo.environment)
        let own = made.exitCode == 0 ? made.output.trimmingCharacters(in: .whitespacesAndNewlines) : hash
        let gateway = try GatewayProcess(
            upstream: upstream,
            config: """
                middleware:
                  people: { type: basic-auth, users: [{ name: ada, hash: "\(own)" }], forward_user: x-user }
                  keys:
                    type: api-key
                    keys: [{ id: ci, hash: "sha256:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683" }]
                  either: { type: any, of: [people, keys] }
                  perhaps: { type: any, of: [people], optional: true }
                routes:
                  - { name: open, path: "/open", upstream: "\(upstream.url)" }
                  - { name: either, path: "/either", upstream: "\(upstream.url)", middleware: [either] }
                  - { name: perhaps, path: "/perhaps", upstream: "\(upstream.url)", middleware: [perhaps] }
                  - { name: all, path: "/*", upstream: "\(upstream.url)", middleware: [people] }

                """)
        func basic(_ text: String) -> String { "Authorization: Basic \(Data(text.utf8).base64EncodedString())" }
        let without = try get(gateway, "/a")
        #expect(without.status == 401)
        #expect(without["www-authenticate"] == #"Basic realm="gateway", charset="UTF-8""#)
        #expect(try get(gateway, "/a", basic("ada:wrong")).status == 401)
        #expect(try get(gateway, "/a", basic("eve:correct horse")).status == 401)
        #expect(try get(gateway, "/a", "Authorization: Basic ???").status == 401)
        // One of several: the next one is asked when the password has turned out wrong.
        #expect(try get(gateway, "/either").status == 401)
        #expect(try get(gateway, "/either", basic("ada:wrong")).status == 401)
        #expect(try get(gateway, "/either", "X-Api-Key: key").status == 200)
        #expect(try get(gateway, "/either", basic("ada:wrong"), "X-Api-Key: key").status == 200)
        #expect(try get(gateway, "/perhaps").status == 200)
        #expect(try get(gateway, "/perhaps", basic("ada:wrong")).status == 401)
        #expect(try get(gateway, "/perhaps", "Authorization: Bearer x").status == 401)
        guard made.exitCode == 0 else { return }
        let connection = try gateway.connect()
        for _ in 0..<3 {
            let answer = try connection.exchange(
                RawConnection.request("GET", "/a", [basic("ada:correct horse"), "X-User: root"]))
            #expect(answer.status == 200)
        }
        let seen = try #require(upstream.requests(to: "/a").last)
        #expect(seen.values("x-user") == ["ada"] && seen.values("authorization").isEmpty)
        #expect(try get(gateway, "/either", basic("ada:correct horse")).status == 200)
        // Clients that leave while their password is compared cost nothing.
        for _ in 0..<20 {
            let connection = try gateway.connect()
            try connection.send(RawConnection.request("GET", "/a", [basic("ada:guess")]))
            connection.socket.reset()
        }
        #expect(try get(gateway, "/open").status == 200)
        #expect(gateway.child.isRunning)
    }

    @Test func anotherServiceDecides() throws {
        let upstream = try ScriptedUpstream()
        let authority = try ScriptedUpstream { request, session in
            switch request["authorization"] {
            case "good": try session.respond("", fields: ["X-Consumer: ada", "X-Role: admin"])
            case "gone": try session.respond("", status: "302 Found", fields: ["Location: https://login/"])
            case "broken": try session.respond("", status: "500 Oops")
            case "known": try session.respond("no", status: "403 Forbidden", fields: ["Content-Type: text/plain"])
            default: try session.respond("who", status: "401 Unauthorized", fields: ["WWW-Authenticate: Custom"])
            }
        }
        let port = try FreePort.take()
        func config(_ name: String, _ url: String, _ more: String = "") -> String {
            "  \(name): { type: forward-auth, upstream: \"\(url)\", response_headers: [x-role],"
                + " consumer_header: x-consumer\(more) }\n"
        }
        let gateway = try GatewayProcess(
            upstream: upstream,
            config: "middleware:\n" + config("ask", authority.url, ", path: /verify")
                + config("cached", authority.url, ", cache: 1m") + config("dead", "http://127.0.0.1:\(port)")
                + "routes:\n"
                + ["ask", "cached", "dead"].map {
                    "  - { name: \($0), path: \"/\($0)/*\", upstream: \"\(upstream.url)\", middleware: [\($0)] }\n"
                }.joined())
        let granted = try get(gateway, "/ask/x?a=1", "Authorization: good", "X-Role: root", "X_Role: root")
        #expect(granted.status == 200)
        #expect(try #require(upstream.requests(to: "/ask/x").last).values("x-role") == ["admin"])
        let question = try #require(authority.requests(to: "/verify").last)
        #expect(question["x-forwarded-uri"] == "/ask/x?a=1" && question["x-forwarded-method"] == "GET")
        let refused = try get(gateway, "/ask/x", "Authorization: nobody")
        #expect(refused.status == 401 && refused.text == "who" && refused["www-authenticate"] == "Custom")
        let known = try get(gateway, "/ask/x", "Authorization: known")
        #expect(known.status == 403 && known.text == "no")
        let elsewhere = try get(gateway, "/ask/x", "Authorization: gone")
        #expect(elsewhere.status == 302 && elsewhere["location"] == "https://login/")
        #expect(try get(gateway, "/ask/x", "Authorization: broken").status == 503)
        #expect(try get(gateway, "/dead/x", "Authorization: good").status == 503)
        let before = authority.requests.count
        for _ in 0..<5 { #expect(try get(gateway, "/cached/x", "Authorization: good").status == 200) }
        #expect(authority.requests.count == before + 1)
        #expect(try get(gateway, "/cached/y", "Authorization: good").status == 200)
        for _ in 0..<2 { #expect(try get(gateway, "/cached/x", "Authorization: nobody").status == 401) }
        #expect(authority.requests.count == before + 4)
    }

    @Test func spoofedAddressesDoNotCount() throws {
        let upstream = try ScriptedUpstream()
        let gateway = try GatewayProcess(
            upstream: upstream,
            config: """
                middleware:
                  office: { type: ip-filter, allow: [10.0.0.0/8] }
                  few: { type: rate-limit, limits: ["2/h"], key: client_ip }
                routes:
                  - { name: in, path: "/in", upstream: "\(upstream.url)", middleware: [office] }
                  - { name: few, path: "/few", upstream: "\(upstream.url)", middleware: [few] }

                """)
        #expect(try get(gateway, "/in", "X-Forwarded-For: 10.0.0.1").status == 403)
        let statuses = try (0..<4).map { try get(gateway, "/few", "X-Forwarded-For: 10.0.0.\($0)").status }
        #expect(statuses == [200, 200, 429, 429])
    }

    @Test func countersOutliveReloads() throws {
        let upstream = try ScriptedUpstream()
        func config(_ body: String) -> String {
            """
            middleware:
              few: { type: rate-limit, limits: ["3/h"], key: global }
            routes:
              - { name: few, path: "/few", respond: { status: 200, body: "\(body)" }, middleware: [few] }

            """
        }
        let gateway = try GatewayProcess(workers: 2, upstream: upstream, config: config("one"))
        #expect(try (0..<2).map { _ in try get(gateway, "/few").status } == [200, 200])
        try gateway.rewrite(config("two"))
        try waitUntil("the new answer") {
            let answer = try get(gateway, "/few")
            return answer.text == "two" || answer.status == 429
        }
        #expect(try get(gateway, "/few").status == 429)
    }
}

/// A value that several threads read and replace.
private final class LockedBox<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: Value

    init(_ value: Value) {
        stored = value
    }

    var value: Value {
        get { lock.withLock { stored } }
        set { lock.withLock { stored = newValue } }
    }
}

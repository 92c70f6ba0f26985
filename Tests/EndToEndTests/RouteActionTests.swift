import GatewayTesting
import Testing

/// Every kind of match, action, rewrite and filter of a route, through the real binary.
@Suite("routes and their actions", .timeLimit(.minutes(3)))
struct RouteActionTests {
    struct Fixture: Sendable {
        var upstream: ScriptedUpstream
        var shadow: ScriptedUpstream
        var gateway: GatewayProcess
    }

    static let fixture = Result {
        let upstream = try ScriptedUpstream { request, session in
            try session.respond(
                request.target,
                fields: [
                    "X-Host: \(request["host"] ?? "")", "X-Origin: o", "X-Gone: g",
                ])
        }
        let shadow = try ScriptedUpstream { _, session in
            session.reset()
        }
        let gateway = try GatewayProcess(config: config(upstream: upstream.url, shadow: shadow.url))
        return Fixture(upstream: upstream, shadow: shadow, gateway: gateway)
    }

    private static func config(upstream: String, shadow: String) -> String {
        """
        upstreams:
          main: { targets: ["\(upstream)"] }
          shadow: { targets: ["\(shadow)"] }
        middleware:
          stamp:
            type: headers
            request: { set: { X-Set: "1", Accept: "text/plain" }, add: { X-Add: "2" }, remove: [X-Drop] }
            response: { set: { X-Origin: "edited" }, add: { X-More: "m" }, remove: [X-Gone] }
          small: { type: request-size, limit: 10 }
          sized: { type: request-size, limit: 1MiB, require_content_length: true }
        routes:
          - { name: exact, path: "/exact", upstream: main }
          - name: parameters
            path: "/users/{id}/posts/{post}"
            upstream: main
            rewrite: { path: "/p/{post}/of/{id}" }
          - { name: prefix, path: "/prefix/*", upstream: main }
          - { name: stripped, path: "/api/*", upstream: main, rewrite: { strip_prefix: "/api" } }
          - name: regex
            path_regex: "^/v[0-9]+/"
            upstream: main
            rewrite: { regex: ["^/v([0-9]+)/(.*)$", "/version/$1/$2"] }
          - { name: internal, path: "/internal", upstream: main, rewrite: { host: "users.internal" } }
          - { name: exact-host, path: "/where", hosts: ["api.example.com"], respond: { status: 200, body: exact } }
          - { name: wild-host, path: "/where", hosts: ["*.example.com"], respond: { status: 200, body: wildcard } }
          - { name: host-any, path: "/where", respond: { status: 200, body: any } }
          - { name: get-only, path: "/methods", methods: [GET], respond: { status: 200, body: "got" } }
          - { name: put-only, path: "/methods", methods: [PUT], respond: { status: 200, body: "put" } }
          - { name: beta, path: "/header", headers: { x-beta: "1" }, respond: { status: 200, body: "beta" } }
          - { name: no-beta, path: "/header", respond: { status: 200, body: "stable" } }
          - { name: second, path: "/query", query: { v: "2" }, respond: { status: 200, body: "two" } }
          - { name: no-second, path: "/query", respond: { status: 200, body: "one" } }
          - { name: moved, path: "/moved/*", redirect: { status: 308, location: "https://$host$path" } }
          - { name: found, path: "/found", redirect: { status: 302, location: "/elsewhere" } }
          - { name: answer, path: "/answer", respond: { status: 418, body: "teapot", headers: { X-Kind: "pot" } } }
          - { name: half, path: "/split", split: [{ upstream: main, weight: 1 }, { upstream: shadow, weight: 0 }] }
          - { name: mirrored, path: "/mirrored", upstream: main, mirror: { upstream: shadow, sample: 1.0 } }
          - { name: stamped, path: "/stamped", upstream: main, middleware: [stamp] }
          - { name: small, path: "/small", upstream: main, middleware: [small] }
          - { name: sized, path: "/sized", upstream: main, middleware: [sized] }
          - { name: tight, path: "/tight", upstream: main, limits: { body: 4 } }
        """
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var request: String
        var status: Int
        var text: String
        var testDescription: String { request.split(separator: "\r\n").joined(separator: " | ") }

        init(_ request: String, _ status: Int, _ text: String) {
            self.request = request
            self.status = status
            self.text = text
        }
    }

    static let rows: [Row] = [
        Row("GET /exact", 200, "/exact"),
        Row("GET /exact?x=1&y=%2F", 200, "/exact?x=1&y=%2F"),
        Row("GET /users/7/posts/9?q=1", 200, "/p/9/of/7?q=1"),
        Row("GET /prefix", 200, "/prefix"),
        Row("GET /prefix/", 200, "/prefix/"),
        Row("GET /prefix/a/b", 200, "/prefix/a/b"),
        Row("GET /api/a/b?c", 200, "/a/b?c"),
        Row("GET /api", 200, "/"),
        Row("GET /v12/things", 200, "/version/12/things"),
        Row("GET /where\r\nHost: api.example.com", 200, "exact"),
        Row("GET /where\r\nHost: API.Example.COM:8080", 200, "exact"),
        Row("GET /where\r\nHost: www.example.com", 200, "wildcard"),
        Row("GET /where\r\nHost: example.com", 200, "any"),
        Row("GET /where\r\nHost: other.test", 200, "any"),
        Row("GET /methods", 200, "got"),
        Row("PUT /methods", 200, "put"),
        Row("GET /header\r\nX-Beta: 1", 200, "beta"),
        Row("GET /header\r\nX-Beta: 2", 200, "stable"),
        Row("GET /header", 200, "stable"),
        Row("GET /query?a=b&v=2", 200, "two"),
        Row("GET /query?v=3", 200, "one"),
        Row("GET /answer", 418, "teapot"),
        Row("GET /stamped/../exact", 200, "/exact"),
    ]

    @Test(arguments: rows)
    func answers(_ row: Row) throws {
        let lines = row.request.split(separator: "\r\n").map(String.init)
        let host = lines.contains { $0.hasPrefix("Host:") } ? [] : ["Host: gateway.test"]
        let head = ["\(lines[0]) HTTP/1.1"] + host + lines.dropFirst()
        let response = try Self.fixture.get().gateway.connect().exchange(head.joined(separator: "\r\n") + "\r\n\r\n")
        #expect(response.status == row.status)
        #expect(response.text == row.text)
    }

    @Test(arguments: ["/nowhere", "/exact/", "/Exact", "/exactly", "/users/7/posts", "/users//posts/9", "/v/x"])
    func noRoute(_ path: String) throws {
        let response = try Self.fixture.get().gateway.get(path)
        #expect(response.status == 404)
        #expect(response.problemCode == "no_route")
        #expect(response["x-request-id"]?.isEmpty == false)
        #expect(response.text.range(of: "\"status\":404") != nil)
    }

    @Test func wrongMethodIsToldTheRightOnes() throws {
        let response = try Self.fixture.get().gateway.connect()
            .exchange("DELETE /methods HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(response.status == 405)
        #expect(response.problemCode == "method_not_allowed")
        let allowed = Set((response["allow"] ?? "").split(separator: ",").map { String($0.drop { $0 == " " }) })
        #expect(allowed.isSuperset(of: ["GET", "PUT"]))
        #expect(!allowed.contains("DELETE"))
    }

    @Test func redirects() throws {
        let gateway = try Self.fixture.get().gateway
        let moved = try gateway.get("/moved/a/b?c=d", host: "shop.example:8080")
        #expect(moved.status == 308)
        #expect(moved["location"] == "https://shop.example/moved/a/b")
        let found = try gateway.get("/found")
        #expect(found.status == 302)
        #expect(found["location"] == "/elsewhere")
    }

    @Test func respondsWithFields() throws {
        let connection = try Self.fixture.get().gateway.connect()
        let response = try connection.get("/answer")
        #expect(response["x-kind"] == "pot")
        #expect(response["content-length"] == "6")
        try connection.send("HEAD /answer HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try connection.response(toHead: true)["content-length"] == "6")
        #expect(try connection.get("/answer").text == "teapot", "HEAD was answered with a body")
    }

    @Test func rewritesTheHost() throws {
        let response = try Self.fixture.get().gateway.get("/internal")
        #expect(response["x-host"] == "users.internal")
        let seen = try #require(try Self.fixture.get().upstream.requests(to: "/internal").last)
        #expect(seen["x-forwarded-host"] == "gateway.test")
    }

    @Test func weightNothingGetsNothing() throws {
        let connection = try Self.fixture.get().gateway.connect()
        for _ in 0..<50 { #expect(try connection.get("/split").status == 200) }
    }

    @Test func mirrorsWithoutHarm() throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        for number in 0..<5 {
            let response = try connection.exchange(
                "POST /mirrored?n=\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
            // The shadow resets every connection; nobody may notice.
            #expect(response.status == 200)
            #expect(response.text == "/mirrored?n=\(number)")
        }
        try fixture.shadow.waitForRequests(5, to: "/mirrored")
        let copies = fixture.shadow.requests(to: "/mirrored")
        #expect(copies.allSatisfy { $0.text == "body" && $0.method == "POST" })
    }

    @Test func editsFields() throws {
        let fixture = try Self.fixture.get()
        let response = try fixture.gateway.get(
            "/stamped", host: "a", "X-Set: old", "X-Add: 1", "X-Drop: d", "Accept: a", "accept: b")
        #expect(response.status == 200)
        #expect(response["x-origin"] == "edited")
        #expect(response["x-more"] == "m")
        #expect(response.values("x-gone").isEmpty)
        let seen = try #require(fixture.upstream.requests(to: "/stamped").last)
        #expect(seen["x-set"] == "1")
        #expect(seen["accept"] == "text/plain")
        #expect(seen.values("x-add") == ["1", "2"])
        #expect(seen.values("x-drop").isEmpty)
    }

    struct SizeRow: Sendable, CustomTestStringConvertible {
        var path: String
        var body: String
        var isChunked: Bool
        var status: Int
        var code: String?
        var testDescription: String { "\(path), \(body.utf8.count) bytes\(isChunked ? " chunked" : "") → \(status)" }
    }

    static let sizes: [SizeRow] = [
        SizeRow(path: "/small", body: "0123456789", isChunked: false, status: 200),
        SizeRow(path: "/small", body: "0123456789x", isChunked: false, status: 413, code: "body_too_large"),
        SizeRow(path: "/small", body: "0123456789", isChunked: true, status: 200),
        SizeRow(path: "/small", body: "0123456789x", isChunked: true, status: 413, code: "body_too_large"),
        SizeRow(path: "/sized", body: "abc", isChunked: false, status: 200),
        SizeRow(path: "/sized", body: "abc", isChunked: true, status: 411, code: "length_required"),
        SizeRow(path: "/tight", body: "abcd", isChunked: false, status: 200),
        SizeRow(path: "/tight", body: "abcde", isChunked: false, status: 413, code: "body_too_large"),
        SizeRow(path: "/tight", body: "abcde", isChunked: true, status: 413, code: "body_too_large"),
    ]

    @Test(arguments: sizes)
    func limitsBodies(_ row: SizeRow) throws {
        let connection = try Self.fixture.get().gateway.connect()
        let head = "POST \(row.path) HTTP/1.1\r\nHost: a\r\n"
        if row.isChunked {
            let size = String(row.body.utf8.count, radix: 16)
            try connection.send(head + "Transfer-Encoding: chunked\r\n\r\n\(size)\r\n\(row.body)\r\n0\r\n\r\n")
        } else {
            try connection.send(head + "Content-Length: \(row.body.utf8.count)\r\n\r\n\(row.body)")
        }
        let response = try connection.response()
        #expect(response.status == row.status)
        #expect(response.problemCode == row.code)
    }
}

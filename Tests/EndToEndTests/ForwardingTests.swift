import GatewayTesting
import Testing

/// What reaches the upstream and what comes back when everything goes well.
@Suite("forwarding", .timeLimit(.minutes(3)))
struct ForwardingTests {
    struct Fixture: Sendable {
        var upstream: ScriptedUpstream
        var gateway: GatewayProcess
    }

    static let fixture = Result {
        let upstream = try ScriptedUpstream()
        let gateway = try GatewayProcess(forwardingTo: upstream, unixListener: true)
        return Fixture(upstream: upstream, gateway: gateway)
    }

    /// Same upstream, but the client is a proxy whose word counts.
    static let trusting = Result {
        let upstream = try ScriptedUpstream()
        let gateway = try GatewayProcess(forwardingTo: upstream, top: "trusted_proxies: [\"127.0.0.0/8\"]\n")
        return Fixture(upstream: upstream, gateway: gateway)
    }

    /// Sends one request and returns it as the upstream saw it.
    private func forwarded(_ path: String, _ lines: String..., by fixture: Fixture) throws -> HTTPMessage {
        let response = try fixture.gateway.connect().exchange(RawConnection.request("GET", path, lines))
        #expect(response.status == 200, "\(response)")
        return try #require(fixture.upstream.requests(to: path).last)
    }

    // MARK: Request fields

    @Test func keepsNamesValuesAndOrder() throws {
        let lines = ["X-One: 1", "accept: */*", "X-ONE: 2", "User-Agent: a (b; c)", "x-Two:3", "Referer: http://a/?b"]
        let response = try Self.fixture.get().gateway.connect()
            .exchange(RawConnection.request("GET", "/order", lines))
        #expect(response.status == 200)
        let seen = try #require(try Self.fixture.get().upstream.requests(to: "/order").last)
        let names = ["X-One", "accept", "X-ONE", "User-Agent", "x-Two", "Referer"]
        #expect(seen.fields.map(\.name).filter { names.contains($0) } == names)
        #expect(seen.values("x-one") == ["1", "2"])
        #expect(seen["x-two"] == "3")
    }

    @Test func removesHopByHopFields() throws {
        let seen = try forwarded(
            "/hop", "Connection: X-Named, keep-alive", "X-Named: 1", "Keep-Alive: timeout=5", "Proxy-Connection: x",
            "TE: gzip", "Upgrade: websocket", "X-End: 2", by: Self.fixture.get())
        for name in ["x-named", "keep-alive", "proxy-connection", "te", "upgrade", "transfer-encoding"] {
            #expect(seen.values(name).isEmpty, "\(name) went on")
        }
        #expect(seen["x-end"] == "2")
    }

    @Test func saysWhoAsked() throws {
        let seen = try forwarded("/who", by: Self.fixture.get())
        #expect(seen["x-forwarded-for"] == "127.0.0.1")
        #expect(seen["x-forwarded-proto"] == "http")
        #expect(seen["x-forwarded-host"] == "gateway.test")
        #expect(seen["via"] == "1.1 gateway")
        #expect(seen["x-request-id"].map { !$0.isEmpty && $0.count <= 128 } == true)
        #expect(seen["host"] == "gateway.test")
    }

    @Test func believesNoStranger() throws {
        let seen = try forwarded(
            "/stranger", "X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.test",
            "X-Request-Id: chosen", "Via: 1.0 fred", by: Self.fixture.get())
        #expect(seen["x-forwarded-for"] == "127.0.0.1")
        #expect(seen["x-forwarded-proto"] == "http")
        #expect(seen["x-forwarded-host"] == "gateway.test")
        #expect(seen["x-request-id"] != "chosen")
        #expect(seen.values("via").joined(separator: ", ") == "1.0 fred, 1.1 gateway")
    }

    @Test func believesTrustedProxies() throws {
        let seen = try forwarded(
            "/trusted", "X-Forwarded-For: 203.0.113.9, 10.0.0.1", "X-Forwarded-Proto: https",
            "X-Forwarded-Host: public.test", "X-Request-Id: chosen-1.2_3", by: Self.trusting.get())
        #expect(seen.values("x-forwarded-for").joined(separator: ", ") == "203.0.113.9, 10.0.0.1, 127.0.0.1")
        #expect(seen["x-forwarded-proto"] == "https")
        #expect(seen["x-forwarded-host"] == "public.test")
        #expect(seen["x-request-id"] == "chosen-1.2_3")
    }

    @Test(arguments: ["has space", "inj\"ect", String(repeating: "x", count: 129), ""])
    func replacesRequestIdsThatAreNoToken(_ identifier: String) throws {
        let path = "/id-\(identifier.utf8.count)"
        let seen = try forwarded(path, "X-Request-Id: \(identifier)", by: Self.trusting.get())
        #expect(seen["x-request-id"].map { !$0.isEmpty && $0 != identifier } == true, "\(seen)")
    }

    @Test func requestIdsDiffer() throws {
        let fixture = try Self.fixture.get()
        for _ in 0..<20 { #expect(try fixture.gateway.get("/ids").status == 200) }
        let identifiers = fixture.upstream.requests(to: "/ids").compactMap { $0["x-request-id"] }
        #expect(Set(identifiers).count == 20)
    }

    @Test func underscoreNamesAreAChoice() throws {
        let upstream = try ScriptedUpstream()
        let allowing = try GatewayProcess(forwardingTo: upstream, top: "limits: { underscore_headers: allow }\n")
        #expect(try allowing.get("/allowed", host: "a", "X_Y: 1").status == 200)
        #expect(upstream.requests(to: "/allowed").last?["x_y"] == "1")

        let rejecting = try GatewayProcess(forwardingTo: upstream, top: "limits: { underscore_headers: reject }\n")
        let refused = try rejecting.get("/rejected", host: "a", "X_Y: 1")
        #expect(refused.status == 400)
        #expect(refused.problemCode == "bad_request")
        #expect(upstream.requests(to: "/rejected").isEmpty)
    }

    @Test func listensOnAUnixSocket() throws {
        let fixture = try Self.fixture.get()
        let connection = try RawConnection(to: .unix(fixture.gateway.unixPath))
        #expect(try connection.get("/over-unix").status == 200)
        #expect(try connection.get("/over-unix").status == 200)
        #expect(fixture.upstream.requests(to: "/over-unix").count == 2)
    }

    // MARK: Response fields

    @Test func cleansTheResponseHead() throws {
        let fixture = try Self.fixture.get()
        fixture.upstream.on("/response-head") { _, session in
            try session.respond(
                "x",
                fields: [
                    "X-First: 1", "Connection: X-Named", "X-Named: 2", "Keep-Alive: timeout=5", "Upgrade: h2c",
                    "Proxy-Connection: close", "x-FIRST: 3", "Set-Cookie: a=b", "Set-Cookie: c=d", "Server: origin/1",
                ])
        }
        let response = try fixture.gateway.get("/response-head")
        for name in ["x-named", "keep-alive", "upgrade", "proxy-connection", "connection"] {
            #expect(response.values(name).isEmpty, "\(name) went on")
        }
        #expect(response.values("x-first") == ["1", "3"])
        #expect(response.values("set-cookie") == ["a=b", "c=d"])
        #expect(response["server"] == "origin/1")
        #expect(response["via"] == "1.1 gateway")
        #expect(response["content-length"] == "1")
        #expect(response["date"]?.hasSuffix(" GMT") == true, "no Date added")
    }

    @Test func keepsTheOriginsDate() throws {
        let fixture = try Self.fixture.get()
        let date = "Tue, 15 Nov 1994 08:12:31 GMT"
        fixture.upstream.on("/dated") { _, session in try session.respond("x", fields: ["Date: \(date)"]) }
        #expect(try fixture.gateway.get("/dated")["date"] == date)
    }

    @Test func forwardsTrailers() throws {
        let fixture = try Self.fixture.get()
        fixture.upstream.on("/response-trailers") { _, session in
            try session.send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                    + "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")
        }
        let response = try fixture.gateway.get("/response-trailers")
        #expect(response.text == "abc")
        #expect(response.trailers == [.init(name: "X-Sum", value: "1")])
    }

    @Test func headAndNotModifiedKeepTheirLength() throws {
        let fixture = try Self.fixture.get()
        fixture.upstream.on("/sized") { request, session in
            let status = request.method == "HEAD" ? "200 OK" : "304 Not Modified"
            try session.send("HTTP/1.1 \(status)\r\nContent-Length: 4711\r\nETag: \"e\"\r\n\r\n")
        }
        let connection = try fixture.gateway.connect()
        try connection.send("HEAD /sized HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = try connection.response(toHead: true)
        #expect(head["content-length"] == "4711")
        #expect(head.values("transfer-encoding").isEmpty)
        let unmodified = try connection.get("/sized")
        #expect(unmodified.status == 304)
        #expect(unmodified["etag"] == "\"e\"")
        #expect(try connection.get("/in-step").status == 200)
    }

    // MARK: Interim responses and Expect

    @Test func forwardsEarlyHints() throws {
        let fixture = try Self.fixture.get()
        let goOn = Gate()
        fixture.upstream.on("/hints") { _, session in
            try session.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
            try goOn.wait()
            try session.respond("done")
        }
        let connection = try fixture.gateway.connect()
        try connection.send(RawConnection.request("GET", "/hints"))
        let hints = try #require(try connection.reader.readAnyResponseHead())
        #expect(hints.status == 103)
        #expect(hints["link"] == "</a.css>")
        goOn.open()
        #expect(try connection.response().text == "done")
    }

    @Test func interimResponsesAreNotForHTTP10() throws {
        let fixture = try Self.fixture.get()
        fixture.upstream.on("/hints-1.0") { _, session in
            try session.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
            try session.respond("done")
        }
        let response = try fixture.gateway.connect().exchange("GET /hints-1.0 HTTP/1.0\r\nHost: a\r\n\r\n")
        #expect(response.status == 200)
        #expect(response.interim.isEmpty)
        #expect(response.text == "done")
    }

    @Test func continuesWhenTheUpstreamSaysSo() throws {
        let upstream = try ScriptedUpstream { session in
            guard let head = try session.readRequestHead() else { return }
            guard head["expect"]?.lowercased() == "100-continue" else { return try session.respond("no Expect") }
            try session.send("HTTP/1.1 100 Continue\r\n\r\n")
            let body = try session.reader.readExactly(5)
            try session.respond(String(decoding: body, as: UTF8.self))
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        try connection.send("PUT /c HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        #expect(try connection.reader.readAnyResponseHead()?.status == 100)
        try connection.send("hello")
        #expect(try connection.response().text == "hello")
    }

    @Test func upstreamMayRefuseInsteadOfContinuing() throws {
        let upstream = try ScriptedUpstream { session in
            _ = try session.readRequestHead()
            try session.respond("no", status: "403 Forbidden")
            session.staySilent()
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        try connection.send("PUT /c HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        let response = try connection.response()
        #expect(response.status == 403)
        #expect(response.interim.isEmpty)
        // Whether the client still sends its body is unknown, so nothing further can be read from this connection.
        try? connection.send("hello")
        _ = try connection.reader.readEnd()
    }
}

import GatewayTesting
import Testing

/// Each limit just inside and just outside, with its code.
@Suite("limits", .timeLimit(.minutes(2)))
struct LimitTests {
    struct Fixture: Sendable {
        var upstream: ScriptedUpstream
        var gateway: GatewayProcess
    }

    static let fixture = Result {
        let upstream = try ScriptedUpstream()
        let gateway = try GatewayProcess(
            forwardingTo: upstream,
            top: "limits: { request_line: 1KiB, headers: 2KiB, "
                + "header_count: 10, body: 100 }\n")
        return Fixture(upstream: upstream, gateway: gateway)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var request: String
        var status: Int
        var code: String?
        var testDescription: String { "\(name) → \(status)" }

        init(_ name: String, _ request: String, _ status: Int, _ code: String? = nil) {
            self.name = name
            self.request = request
            self.status = status
            self.code = code
        }
    }

    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    static let rows: [Row] = [
        Row("line of 1,000 bytes", "GET /\(repeated("a", 986)) HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        Row("line of 1,040 bytes", "GET /\(repeated("a", 1026)) HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"),
        Row(
            "line of 1,040 bytes in the query",
            "GET /?\(repeated("a", 1026)) HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"),
        Row("line without an end", "GET /\(repeated("a", 1100))", 414, "uri_too_long"),
        Row(
            "line many times too long",
            "GET /\(repeated("a", 60000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"),
        Row("headers of 2,000 bytes", "GET /h HTTP/1.1\r\nHost: a\r\nX: \(repeated("a", 1980))\r\n\r\n", 200),
        Row(
            "headers of 2,100 bytes",
            "GET /h HTTP/1.1\r\nHost: a\r\nX: \(repeated("a", 2086))\r\n\r\n", 431, "headers_too_large"),
        Row(
            "headers without an end",
            "GET /h HTTP/1.1\r\nHost: a\r\nX: \(repeated("a", 3000))", 431, "headers_too_large"),
        Row(
            "headers too long together",
            "GET /h HTTP/1.1\r\nHost: a\r\n"
                + "\(repeated("X: \(repeated("a", 300))\r\n", 8))\r\n", 431, "headers_too_large"),
        Row("10 headers", "GET /c HTTP/1.1\r\nHost: a\r\n\(repeated("X: y\r\n", 9))\r\n", 200),
        Row("11 headers", "GET /c HTTP/1.1\r\nHost: a\r\n\(repeated("X: y\r\n", 10))\r\n", 431, "headers_too_large"),
        Row("body of 100", "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n\(repeated("a", 100))", 200),
        Row(
            "body of 101, announced and not yet sent",
            "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413, "body_too_large"),
        Row(
            "body of 101, sent",
            "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n\(repeated("a", 101))", 413, "body_too_large"),
        Row(
            "chunks of 100",
            "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "64\r\n\(repeated("a", 100))\r\n0\r\n\r\n", 200),
        Row(
            "chunk of 101",
            "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "65\r\n\(repeated("a", 101))\r\n0\r\n\r\n", 413, "body_too_large"),
        Row(
            "chunks of 101 together",
            "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "64\r\n\(repeated("a", 100))\r\n1\r\na\r\n0\r\n\r\n", 413, "body_too_large"),
        Row(
            "a chunk announced as huge",
            "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "7FFFFFFF\r\naaaa", 413, "body_too_large"),
    ]

    @Test(arguments: rows)
    func holds(_ row: Row) throws {
        let gateway = try Self.fixture.get().gateway
        let before = try row.code.map { try gateway.endedCount($0) } ?? 0
        let connection = try gateway.connect()
        try? connection.send(row.request)
        let response = try connection.response()
        #expect(response.status == row.status, "\(response)")
        #expect(response.problemCode == row.code)
        if let code = row.code {
            #expect(response["x-request-id"]?.isEmpty == false)
            _ = try connection.reader.readEnd()
            try gateway.waitForEnd(code, moreThan: before)
        } else {
            #expect(try connection.get("/").status == 200)
        }
    }

    @Test func announcedBodyReachesNobody() throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        try connection.send("POST /announced HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n")
        #expect(try connection.response().status == 413)
        #expect(try fixture.gateway.get("/barrier").status == 200)
        #expect(fixture.upstream.requests(to: "/announced").isEmpty)
    }

    @Test func connections() throws {
        let upstream = try ScriptedUpstream()
        let gateway = try GatewayProcess(
            forwardingTo: upstream, top: "limits: { connections: 4 }\n")
        var connections = try (0..<4).map { _ in try gateway.connect() }
        for connection in connections { #expect(try connection.get("/").status == 200) }
        let extra = try gateway.connect()
        try? extra.send(RawConnection.request("GET", "/extra"))
        if let response = try extra.reader.readResponse() {
            #expect(response.status == 503)
            #expect(response.isComplete, "\(response)")
            #expect(response.problemCode == "overloaded")
            #expect(response["x-request-id"]?.isEmpty == false)
        }
        #expect(upstream.requests(to: "/extra").isEmpty)
        for connection in connections { #expect(try connection.get("/").status == 200) }
        #expect(try gateway.metrics().count("gateway_connections_total", ["outcome": "shed"]) >= 1)

        connections.removeLast().socket.close()
        try waitUntil("a place is free again") { (try? gateway.get("/again"))?.status == 200 }
    }
}

import GatewayTesting
import Glibc
import Testing

/// Each timeout with a short value: the answer, the code, and the end reason that is counted.
@Suite("timeouts", .timeLimit(.minutes(3)))
struct TimeoutTests {
    struct Fixture: Sendable {
        var upstream: ScriptedUpstream
        /// Never accepts, and its queue is full.
        var full: ListeningSocket
        var queued: [StreamSocket]
        var gateway: GatewayProcess
    }

    static let fixture = Result {
        let upstream = try ScriptedUpstream()
        upstream.on("/silent") { _, session in session.staySilent() }
        upstream.on("/deadline") { _, session in session.staySilent() }
        let full = try ListeningSocket(backlog: 0)
        let queued = (0..<4).compactMap { _ in
            try? StreamSocket.connecting(to: .port(full.port), before: .after(.milliseconds(100)))
        }
        let refusing = try FreePort.take()
        let gateway = try GatewayProcess(
            config: """
                timeouts: { request_head: 500ms, body_idle: 700ms, keep_alive: 500ms, request: 40s }
                upstreams:
                  main: { targets: ["\(upstream.url)"] }
                  impatient: { targets: ["\(upstream.url)"], response_timeout: 400ms }
                  full: { targets: ["http://127.0.0.1:\(full.port)"], connect_timeout: 400ms }
                  refusing: { targets: ["http://127.0.0.1:\(refusing)"] }
                routes:
                  - { name: silent, path: "/silent", upstream: impatient }
                  - { name: deadline, path: "/deadline", upstream: main, timeouts: { request: 400ms } }
                  - { name: trickle, path: "/trickle", upstream: main, timeouts: { request: 900ms } }
                  - { name: full, path: "/full", upstream: full }
                  - { name: refusing, path: "/refusing", upstream: refusing }
                  - { name: upload, path: "/upload", upstream: main }
                  - { name: endless, path: "/endless", upstream: main }
                  - { name: main, path: "/*", upstream: main }
                """)
        return Fixture(upstream: upstream, full: full, queued: queued, gateway: gateway)
    }

    private func expectProblem(_ response: HTTPMessage, _ status: Int, _ code: String) {
        #expect(response.status == status, "\(response)")
        #expect(response.problemCode == code, "\(response)")
        #expect(response["x-request-id"]?.isEmpty == false, "\(response)")
    }

    private func waitForEnd(_ reason: String, route: String) throws {
        let gateway = try Self.fixture.get().gateway
        try waitUntil("an end of \(route) as \(reason)") {
            let labels = ["route": route, "reason": reason]
            return try gateway.metrics().count("gateway_requests_ended_total", labels) >= 1
        }
    }

    @Test(arguments: ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: "])
    func requestHead(_ start: String) throws {
        let gateway = try Self.fixture.get().gateway
        let before = try gateway.endedCount("request_timeout")
        let connection = try gateway.connect()
        try connection.send(start)
        expectProblem(try connection.response(), 408, "request_timeout")
        _ = try connection.reader.readEnd()
        try gateway.waitForEnd("request_timeout", moreThan: before)
    }

    @Test func trickledHeadIsNoProgress() throws {
        let connection = try Self.fixture.get().gateway.connect()
        try connection.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
        let limit = Deadline.usual
        while !connection.socket.isReady(for: Int16(POLLIN), before: .after(.milliseconds(50))), !limit.isPast {
            try? connection.send("x")
        }
        expectProblem(try connection.response(), 408, "request_timeout")
    }

    @Test func secondHeadOnAKeptConnection() throws {
        let connection = try Self.fixture.get().gateway.connect()
        #expect(try connection.get("/").status == 200)
        try connection.send("GET /")
        expectProblem(try connection.response(), 408, "request_timeout")
    }

    @Test func keepAliveEndsInSilence() throws {
        let gateway = try Self.fixture.get().gateway
        let unused = try gateway.connect()
        #expect(try unused.reader.readEnd() == .closed, "a connection that never asked")
        let used = try gateway.connect()
        #expect(try used.get("/").status == 200)
        #expect(try used.reader.readEnd() == .closed)
    }

    @Test(arguments: ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc"])
    func bodyWithoutProgress(_ rest: String) throws {
        let connection = try Self.fixture.get().gateway.connect()
        try connection.send("POST /upload HTTP/1.1\r\nHost: a\r\n" + rest)
        expectProblem(try connection.response(), 408, "body_timeout")
        _ = try connection.reader.readEnd()
        try waitForEnd("body_timeout", route: "upload")
    }

    @Test func slowBodyThatMovesIsFine() throws {
        let connection = try Self.fixture.get().gateway.connect()
        try connection.send("POST /slow-but-sure HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
        for _ in 0..<10 {
            usleep(100_000)
            try connection.send("x")
        }
        #expect(try connection.response().status == 200)
        #expect(try Self.fixture.get().upstream.requests(to: "/slow-but-sure").last?.text == "xxxxxxxxxx")
    }

    @Test func silentUpstream() throws {
        let connection = try Self.fixture.get().gateway.connect()
        expectProblem(try connection.get("/silent"), 504, "upstream_timeout")
        #expect(try connection.get("/").status == 200, "the client's connection is still good")
        try waitForEnd("upstream_timeout", route: "silent")
    }

    @Test func wholeExchange() throws {
        let connection = try Self.fixture.get().gateway.connect()
        expectProblem(try connection.get("/deadline"), 504, "deadline_exceeded")
        #expect(try connection.get("/").status == 200)
        try waitForEnd("deadline_exceeded", route: "deadline")
    }

    @Test func deadlineInTheMiddleOfAResponseBreaksIt() throws {
        let fixture = try Self.fixture.get()
        fixture.upstream.on("/trickle") { _, session in
            try session.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            session.staySilent()
        }
        let response = try fixture.gateway.get("/trickle")
        #expect(response.status == 200)
        #expect(!response.isComplete)
        try waitForEnd("deadline_exceeded", route: "trickle")
    }

    @Test func connecting() throws {
        expectProblem(try Self.fixture.get().gateway.get("/full"), 504, "upstream_connect_timeout")
        try waitForEnd("upstream_connect_timeout", route: "full")
    }

    @Test func refused() throws {
        let connection = try Self.fixture.get().gateway.connect()
        expectProblem(try connection.get("/refusing"), 502, "upstream_connect")
        let posted = try connection.exchange("POST /refusing HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        expectProblem(posted, 502, "upstream_connect")
        #expect(try connection.get("/").status == 200)
        try waitForEnd("upstream_connect", route: "refusing")
    }

    @Test func clientThatStopsReading() throws {
        let fixture = try Self.fixture.get()
        fixture.upstream.on("/endless") { _, session in
            try session.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
            let block = [UInt8](repeating: 0x61, count: 1 << 16)
            while true { try session.send(block) }
        }
        let connection = try fixture.gateway.connect(receiveBuffer: 4096)
        try connection.send(RawConnection.request("GET", "/endless"))
        try waitForEnd("client_stalled", route: "endless")
        let head = try #require(try connection.reader.readResponseHead())
        #expect(head.status == 200)
    }
}

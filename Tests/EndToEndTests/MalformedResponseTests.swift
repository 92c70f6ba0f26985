import GatewayTesting
import Testing

/// What upstreams may answer: refused, visibly broken, or passed on, never patched up.
@Suite("responses: malformed, cut short, and odd but valid", .timeLimit(.minutes(5)))
struct MalformedResponseTests {
    struct Fixture: Sendable {
        var upstream: ScriptedUpstream
        var gateway: GatewayProcess
    }

    static let fixture = Result {
        let upstream = try ScriptedUpstream()
        for row in ResponseCase.all { upstream.on(row.path) { _, session in try play(row.pieces, on: session) } }
        let routes = ResponseCase.all.map {
            "  - { name: \"\($0.path.dropFirst())\", path: \"\($0.path)\", upstream: \"\(upstream.url)\" }"
        }
        let others = "  - { name: others, path: \"/*\", upstream: \"\(upstream.url)\" }"
        let gateway = try GatewayProcess(
            config: "routes:\n" + routes.joined(separator: "\n") + "\n" + others + "\n")
        return Fixture(upstream: upstream, gateway: gateway)
    }

    static func play(_ pieces: [ResponseCase.Piece], on session: UpstreamSession) throws {
        var pending: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .text(let text): pending += text.utf8
            case .repeated(let text, let count): pending += String(repeating: text, count: count).utf8
            case .bytes(let bytes): pending += bytes
            case .flush, .close, .reset:
                try session.send(pending)
                pending.removeAll()
                if case .close = piece { return session.close() }
                if case .reset = piece { return session.reset() }
            }
        }
        try session.send(pending)
    }

    @Test func tableIsComplete() {
        #expect(ResponseCase.all.count >= 95)
        #expect(Set(ResponseCase.all.map(\.path)).count == ResponseCase.all.count, "two rows of one path")
    }

    @Test(arguments: ResponseCase.all)
    func response(_ row: ResponseCase) throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        try connection.send(RawConnection.request(row.method, row.path))
        let response = try connection.response(toHead: row.method == "HEAD")
        let route = String(row.path.dropFirst())
        switch row.outcome {
        case .refused(let reasons):
            try checkRefusal(response, reasons: reasons, route: route, gateway: fixture.gateway)
        case .broken:
            #expect(response.status == 200)
            #expect(!response.isComplete, "a clean end: \(response)")
            try checkReason(["upstream_truncated"], route: route, gateway: fixture.gateway)
        case .refusedOrBroken:
            let reasons = ["upstream_truncated", "upstream_protocol", "upstream_reset"]
            #expect(response.status == 502 || !response.isComplete, "a clean end: \(response)")
            try checkReason(reasons, route: route, gateway: fixture.gateway)
        case .passes(let status, let body):
            #expect(response.status == status)
            #expect(response.isComplete, "\(response)")
            #expect(response.text == body)
            #expect(try connection.get("/next").status == 200, "the connection is out of step")
            try checkReason(["ok"], route: route, gateway: fixture.gateway)
        }
    }

    private func checkRefusal(
        _ response: HTTPMessage, reasons: [String], route: String, gateway: GatewayProcess
    ) throws {
        #expect(response.status == 502, "\(response)")
        #expect(response.isComplete)
        #expect(response.problemCode.map { reasons.contains($0) } == true, "\(response)")
        #expect(response["x-request-id"]?.isEmpty == false)
        try checkReason(reasons, route: route, gateway: gateway)
    }

    /// Exactly one end, for one of `reasons`, was counted on the row's route.
    private func checkReason(_ reasons: [String], route: String, gateway: GatewayProcess) throws {
        var seen = ""
        try waitUntil("an end of \(route) for one of \(reasons), but: \(seen)") {
            let metrics = try gateway.metrics()
            seen = metrics.excerpt("gateway_requests_ended_total{route=\"\(route)\"")
            return reasons.contains {
                metrics.count("gateway_requests_ended_total", ["route": route, "reason": $0]) == 1
            }
        }
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcEXTRA", "HTTP/1.1 204 No Content\r\n\r\nEXTRA"])
    func bytesPastTheResponseAreNoResponse(_ answer: String) throws {
        let upstream = try ScriptedUpstream { request, session in
            try session.send(session.ordinal == 1 ? answer : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean")
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        let first = try connection.get("/")
        #expect([200, 204].contains(first.status))
        #expect(first.text == (first.status == 200 ? "abc" : ""))
        #expect(try connection.get("/").text == "clean")
        #expect(upstream.connectionCount == 2, "a connection with bytes left over was used again")
    }

    @Test func bodyOfAHeadResponseIsNotForwarded() throws {
        let upstream = try ScriptedUpstream { _, session in
            try session.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        try connection.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = try connection.response(toHead: true)
        #expect(head.status == 200)
        #expect(head["content-length"] == "3")
        #expect(try connection.get("/").text == "abc", "the body of HEAD's answer was taken for another answer")
        #expect(upstream.connectionCount == 2)
    }

    @Test func answerBeforeTheRequestBodyIsWhole() throws {
        let fixture = try Self.fixture.get()
        fixture.upstream.on("/unused") { _, session in try session.respond("") }
        let early = try ScriptedUpstream { session in
            _ = try session.readRequestHead()
            try session.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
            session.socket.finishSending()
            session.staySilent()
        }
        let gateway = try GatewayProcess(forwardingTo: early)
        let connection = try gateway.connect()
        try connection.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
        let response = try connection.response()
        #expect(response.status == 413)
        #expect(response.text == "big")
        // The rest of the body will not be read, so the connection cannot serve another request.
        _ = try connection.reader.readEnd()
    }

    @Test func floodOfInterimResponsesIsBounded() throws {
        let upstream = try ScriptedUpstream { _, session in
            for _ in 0..<2000 {
                try session.send(
                    String(
                        repeating: "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n", count: 50))
            }
            try session.respond("at last")
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let before = gateway.child.residentBytes
        let response = try gateway.get("/")
        #expect(response.status == 502 || response.text == "at last", "\(response)")
        #expect(gateway.child.residentBytes < before + 32 << 20)
        #expect(try gateway.admin("/healthz").status == 200)
    }

    @Test func clientOfHTTP10SeesAResetInsteadOfACleanEnd() throws {
        // Such a client knows no chunked coding: only a reset can tell it that the body is not whole.
        let goOn = Gate()
        let upstream = try ScriptedUpstream { _, session in
            try session.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            try goOn.wait()
            session.close()
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        try connection.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        let head = try #require(try connection.reader.readResponseHead())
        #expect(head.values("transfer-encoding").isEmpty)
        #expect(try connection.reader.readBytes(upTo: 3) == Array("abc".utf8))
        goOn.open()
        #expect(try connection.reader.readToEnd().end == .reset)
    }

    @Test func clientOfHTTP10GetsNoChunks() throws {
        let upstream = try ScriptedUpstream { _, session in
            try session.send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n")
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let response = try gateway.connect().exchange("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
        #expect(response.values("transfer-encoding").isEmpty)
        #expect(response.text == "abcde")
        #expect(response.isComplete)
    }
}

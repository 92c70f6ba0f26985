import GatewayTesting
import Testing

/// Every row of `Cases/*.http` over a real socket, once in one write and once byte by byte.
///
/// Serialised, since each row looks at what reached the one upstream meanwhile.
@Suite("requests: malformed, ambiguous, and odd but valid", .serialized, .timeLimit(.minutes(5)))
struct MalformedRequestTests {
    struct Fixture: Sendable {
        var upstream: ScriptedUpstream
        var gateway: GatewayProcess
    }

    static let fixture = Result {
        let upstream = try ScriptedUpstream()
        let gateway = try GatewayProcess(
            config: """
                routes:
                  - { name: everything, path: "/*", upstream: "\(upstream.url)" }
                """)
        return Fixture(upstream: upstream, gateway: gateway)
    }

    /// Shorter than usual: the rows run one after the other, and `timeouts.request_head` must not be what ends one.
    static var deadline: Deadline { .after(.seconds(8)) }

    static let cases = Result { try RequestCase.all(in: "Tests/EndToEndTests/Cases") }

    @Test func tableIsComplete() throws {
        let cases = try Self.cases.get()
        #expect(cases.count >= 280)
        #expect(Set(cases.map(\.name)).count == cases.count, "two cases of one name")
        #expect(cases.filter { $0.bytes.isEmpty && !$0.finishes }.map(\.name) == [])
        #expect(cases.filter { $0.answers.isEmpty }.map(\.name) == [])
    }

    @Test(arguments: (try? cases.get()) ?? [])
    func inOneWrite(_ row: RequestCase) throws {
        try check(row, inPiecesOf: row.bytes.count + 1)
    }

    @Test(arguments: ((try? cases.get()) ?? []).filter { $0.bytes.count <= 700 })
    func byteByByte(_ row: RequestCase) throws {
        try check(row, inPiecesOf: 1)
    }

    private func check(_ row: RequestCase, inPiecesOf pieceSize: Int) throws {
        let fixture = try Self.fixture.get()
        let seenBefore = fixture.upstream.requests.count
        let connection = try fixture.gateway.connect()
        // The gateway may answer and close before it was sent everything.
        try? connection.send(row.bytes, inPiecesOf: pieceSize)
        if row.finishes { connection.socket.finishSending() }

        var answered = 0
        for allowed in row.answers {
            let isHead = row.bytes.starts(with: Array("HEAD ".utf8))
            let response = try connection.reader.readResponse(toHead: isHead, before: Self.deadline)
            let status = response?.status ?? 0
            #expect(allowed.contains(status), "answer \(answered + 1): \(response?.description ?? "none")")
            if let response { checkAnswer(response) }
            if (200..<300).contains(status) { answered += 1 }
        }
        if row.connection == .closes {
            _ = try connection.reader.readEnd(before: Self.deadline)
        } else if row.connection == .staysOpen {
            let next = try connection.get("/follow-up")
            #expect(next.status == 200, "the connection is out of step: \(next)")
        }
        // One worker serves everything, so what it still had to forward is at the upstream before this is.
        #expect(try fixture.gateway.get("/barrier").status == 200)
        let seen = fixture.upstream.requests.dropFirst(seenBefore).filter {
            $0.target != "/follow-up" && $0.target != "/barrier" && ($0.isComplete || $0.target != "/partial")
        }
        checkReach(row, answered: answered, seen: seen)
    }

    /// An answer of the gateway's own is problem+json with a request id, whatever came in.
    private func checkAnswer(_ response: HTTPMessage) {
        #expect(response.isComplete, "\(response)")
        guard response.status >= 400, response.raw.count > 0, !response.body.isEmpty else { return }
        #expect(response.problemCode != nil, "\(response)")
        #expect(response["x-request-id"]?.isEmpty == false, "\(response)")
    }

    private func checkReach(_ row: RequestCase, answered: Int, seen: [HTTPMessage]) {
        switch row.reach {
        case .anything: return
        case .nothing, .incomplete: #expect(seen.isEmpty, "the upstream saw \(seen)")
        case .whole: #expect(seen.count == answered && seen.allSatisfy(\.isComplete), "the upstream saw \(seen)")
        }
        #expect(!seen.contains { $0.target.contains("smuggled") }, "the upstream saw \(seen)")
        guard !row.forwarded.isEmpty else { return }
        #expect(seen.count == row.forwarded.count)
        for (request, expected) in zip(seen, row.forwarded) {
            #expect(request.startLine == expected.startLine)
            if let body = expected.body { #expect(request.text == body) }
            for name in Set(expected.fields.map { $0.name.lowercased() }) {
                let values = expected.fields.filter { $0.name.lowercased() == name }.map(\.value)
                #expect(request.values(name) == values, "field \(name) of \(request)")
            }
            for name in expected.absent { #expect(request.values(name).isEmpty, "field \(name) of \(request)") }
            if !expected.trailers.isEmpty {
                let trailers = request.trailers.map { "\($0.name.lowercased()): \($0.value)" }
                #expect(trailers == expected.trailers.map { "\($0.name.lowercased()): \($0.value)" })
            }
        }
    }
}

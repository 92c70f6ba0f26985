import Bytes
import GatewayTesting
import HTTP
import Testing

@Suite("request heads to upstreams, RFC 9110 §7.6") struct RequestWriterTests {
    /// The lines that `request` becomes on its way upstream.
    static func lines(
        _ request: String, isPeerTrusted: Bool = false, isTLS: Bool = false, edits: HeaderEdits = HeaderEdits(),
        limits: RequestLimits = RequestLimits()
    ) throws -> [String] {
        let bytes = Array(request.utf8)
        var parser = RequestParser(limits: limits)
        var head = RequestHead()
        try #require(try parser.parse(bytes.span, into: &head))
        let out = ByteBuffer(capacity: 64 << 10)
        let peer = Array("10.1.2.3".utf8)
        let id = Array("gw-id".utf8)
        let span = bytes.span
        let path = span.extracting(head.pathRange)
        let query = span.extracting(head.queryRange ?? 0..<0)
        let host = span.extracting(head.authorityRange)
        RequestWriter.write(
            head, bytes: span, method: span.extracting(head.methodRange), path: path, query: query,
            hasQuery: head.queryRange != nil, host: host, framing: head.framing, edits: edits,
            forwarded: .init(isPeerTrusted: isPeerTrusted, isTLS: isTLS),
            peer: peer.span, requestID: id.span, into: out)
        let bound = RequestWriter.byteCountMax(
            head, path: path, query: query, host: host, edits: edits, peer: peer.span, requestID: id.span)
        #expect(out.readableCount <= bound)
        let text = String(decoding: out.readable)
        // What was written is a valid request, and nothing of this hop is left in it.
        let written = Array(text.utf8)
        guard case .complete(let again) = parseRequest(written, ends: [written.count]) else {
            Issue.record("not parsed again: \(text)")
            return []
        }
        #expect(again.byteCount == written.count)
        #expect(again.framing == head.framing)
        for field in again.fields where field.hasPrefix("!") {
            #expect(["!te=trailers", "!connection=te", "!transfer-encoding=chunked"].contains(field))
        }
        return text.split(separator: "\r\n", omittingEmptySubsequences: false).dropLast(2).map(String.init)
    }

    static let made = [
        "x-forwarded-for: 10.1.2.3", "x-forwarded-proto: http", "x-forwarded-host: a", "x-request-id: gw-id",
        "via: 1.1 gateway",
    ]

    @Test func keepsOrderAndSpelling() throws {
        let lines = try Self.lines("GET /p?q=1 HTTP/1.1\r\nAccept: x\r\nHOST: a\r\nB:y\r\nb:  z \r\nVia: 1.0 p\r\n\r\n")
        #expect(
            lines == ["GET /p?q=1 HTTP/1.1", "host: a", "Accept: x", "B:y", "b:  z ", "Via: 1.0 p"] + Self.made)
    }

    @Test func leavesOutThisHop() throws {
        let lines = try Self.lines(
            "PUT / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nA: 1\r\nx-hop: 2\r\nKeep-Alive: 5\r\n"
                + "Proxy-Connection: x\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nTrailer: x\r\nTE: gzip\r\n"
                + "Proxy-Authorization: x\r\nx_user: root\r\nContent-Length: 007\r\nExpect: 100-continue\r\n\r\n")
        #expect(
            lines == ["PUT / HTTP/1.1", "host: a", "A: 1", "Expect: 100-continue"] + Self.made
                + ["content-length: 7"])
    }

    @Test func sendsChunkedAndTrailers() throws {
        let lines = try Self.lines(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nTE: gzip;q=0.1, Trailers\r\n\r\n")
        #expect(
            lines == ["POST / HTTP/1.1", "host: a"] + Self.made
                + ["te: trailers", "connection: te", "transfer-encoding: chunked"])
    }

    static let forwarded =
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n"
        + "X-Forwarded-Host: b\r\nForwarded: for=1.1.1.1\r\nX-Request-Id: client-1.x_Y\r\n"
        + "X-Forwarded-For: 2.2.2.2\r\n\r\n"

    @Test func believesNoStranger() throws {
        #expect(try Self.lines(Self.forwarded) == ["GET / HTTP/1.1", "host: a"] + Self.made)
    }

    @Test func believesTrustedPeers() throws {
        #expect(
            try Self.lines(Self.forwarded, isPeerTrusted: true, isTLS: true) == [
                "GET / HTTP/1.1", "host: a", "X-Forwarded-Proto: https", "X-Forwarded-Host: b",
                "Forwarded: for=1.1.1.1", "X-Request-Id: client-1.x_Y", "x-forwarded-for: 1.1.1.1, 2.2.2.2, 10.1.2.3",
                "via: 1.1 gateway",
            ])
        let plain = try Self.lines("GET / HTTP/1.1\r\nHost: a\r\n\r\n", isPeerTrusted: true, isTLS: true)
        #expect(plain.contains("x-forwarded-proto: https"))
        #expect(plain.contains("x-forwarded-for: 10.1.2.3"))
    }

    @Test(arguments: ["", "a b", "a\"b", "ä", String(repeating: "a", count: 129), "1\r\nX-Request-Id: 2"])
    func replacesBadRequestIDs(_ id: String) throws {
        let lines = try Self.lines("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: \(id)\r\n\r\n", isPeerTrusted: true)
        #expect(lines == ["GET / HTTP/1.1", "host: a"] + Self.made)
    }

    @Test func ownsFieldsThatConnectionNames() throws {
        let lines = try Self.lines(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: x-forwarded-proto, x-request-id, x-forwarded-for\r\n"
                + "X-Forwarded-Proto: https\r\nX-Request-Id: c\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n",
            isPeerTrusted: true)
        #expect(lines == ["GET / HTTP/1.1", "host: a"] + Self.made)
    }

    @Test func speaksForHTTP10Clients() throws {
        let lines = try Self.lines("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        #expect(lines.first == "GET / HTTP/1.1")
        #expect(lines.last == "via: 1.0 gateway")
    }

    @Test func sendsAbsoluteTargetsInOriginForm() throws {
        let lines = try Self.lines("GET http://b:81?x HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(Array(lines.prefix(2)) == ["GET /?x HTTP/1.1", "host: b:81"])
        #expect(lines.contains("x-forwarded-host: b:81"))
    }

    @Test func appliesEdits() throws {
        let edits = HeaderEdits()
        func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
        edits.set(bytes("accept"), bytes("lost"))
        edits.set(bytes("Accept"), bytes("new"))
        edits.remove(bytes("x-drop"))
        edits.add(bytes("b"), bytes("3"))
        edits.set(bytes("host"), bytes("c:9"))
        edits.set(bytes("x-request-id"), bytes("mine"))
        edits.add(bytes("gone"), bytes("1"))
        edits.remove(bytes("GONE"))
        #expect(!edits.isEmpty)
        let lines = try Self.lines(
            "GET / HTTP/1.1\r\nHost: a\r\nAccept: x\r\nX-Drop: 1\r\nB: 1\r\nx-dROP: 2\r\nC: 4\r\n\r\n", edits: edits)
        #expect(
            lines == [
                "GET / HTTP/1.1", "host: c:9", "B: 1", "C: 4", "x-forwarded-for: 10.1.2.3", "x-forwarded-proto: http",
                "x-forwarded-host: a", "via: 1.1 gateway", "Accept: new", "b: 3", "x-request-id: mine",
            ])
        edits.removeAll()
        #expect(edits.isEmpty)
        #expect(edits.byteCount == 0)
    }

    /// Names that were checked before, and sets of known ones, edit as names do.
    @Test func appliesEditsByCheckedNames() throws {
        let edits = HeaderEdits()
        edits.set(Array("Access-Control-Max-Age".utf8), Array("lost".utf8))
        edits.add(FieldName("x-own"), Array("1".utf8))
        edits.set(FieldName("x-own"), Array("2".utf8))
        edits.remove(FieldName("x-drop"))
        edits.remove(FieldName("cookie"))
        edits.remove(all: KnownHeader.accessMaxAge.bit | KnownHeader.allowOrigin.bit)
        edits.add(FieldName("access-control-allow-origin"), Array("*".utf8))
        #expect(
            !edits.set(FieldName("x-own"), Array("a\r\nb: c".utf8)) && !edits.add(FieldName("host"), Array("b".utf8)))
        func isRemoved(_ name: String) -> Bool { edits.isRemoved(Array(name.utf8).span) }
        #expect(isRemoved("ACCESS-control-max-age") && isRemoved("X-Drop") && !isRemoved("x-keep"))
        let lines = try Self.lines(
            """
            GET / HTTP/1.1\r\nHost: a\r\nX-Drop: 1\r\nx-own: 0\r\nCookie: a=b\r\nX-Keep: 1\r\n\
            Access-Control-Allow-Origin: b\r\n\r\n
            """, edits: edits)
        #expect(
            lines == [
                "GET / HTTP/1.1", "host: a", "X-Keep: 1", "x-forwarded-for: 10.1.2.3", "x-forwarded-proto: http",
                "x-forwarded-host: a", "x-request-id: gw-id", "via: 1.1 gateway",
                "x-own: 2",
                "access-control-allow-origin: *",
            ])
    }

    /// Framing, hop-by-hop fields and Host stay, whatever set they are in.
    @Test func setsOfNamesLeaveFramingAlone() throws {
        let edits = HeaderEdits()
        edits.remove(all: .max)
        let lines = try Self.lines(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-A: 1\r\nOrigin: b\r\n\r\n", edits: edits)
        #expect(lines.contains("host: a") && lines.contains("content-length: 3") && lines.contains("X-A: 1"))
        #expect(!lines.contains { $0.hasPrefix("Origin") })
        #expect(["content-length", "te", "a b", ""].allSatisfy { FieldName(Array($0.utf8)) == nil })
    }

    @Test(arguments: [
        ("content-length", "1"), ("Transfer-Encoding", "chunked"), ("connection", "x"), ("upgrade", "x"),
        ("te", "x"), ("", "x"), ("a b", "x"), ("a:", "x"), ("a", "x\r\nb: c"), ("a", "x\n"), ("a", "\0"),
    ]) func refusesDangerousEdits(name: String, value: String) {
        let edits = HeaderEdits()
        let setIsAccepted = edits.set(Array(name.utf8), Array(value.utf8))
        let addIsAccepted = edits.add(Array(name.utf8), Array(value.utf8))
        #expect(!setIsAccepted && !addIsAccepted)
        #expect(edits.isEmpty)
    }

    /// Every request that the parser accepts is written as one that it accepts again.
    @Test(arguments: 0..<10 as Range<UInt64>) func survivesMutations(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var acceptedCount = 0
        for _ in 0..<400 {
            let row = RequestParserAcceptanceTests.rows[
                Int.random(in: 0..<RequestParserAcceptanceTests.rows.count, using: &random)]
            let bytes = SplitInvarianceTests.mutated(Array(row.head.utf8), random: &random)
            guard case .complete(let head) = parseRequest(bytes, ends: [bytes.count]) else { continue }
            guard head.startLine[1] != "connect", !head.startLine[5].isEmpty else { continue }
            acceptedCount += 1
            let text = String(decoding: bytes, as: UTF8.self)
            guard Array(text.utf8) == bytes else { continue }
            _ = try Self.lines(text, isPeerTrusted: seed % 2 == 0)
        }
        #expect(acceptedCount > 0)
    }
}

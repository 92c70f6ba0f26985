import Bytes
import HTTP
import Testing

@Suite("response heads to clients, RFC 9110 §7.6") struct ResponseWriterTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var head: String
        var method = HTTP.Method.get
        /// nil: as the upstream framed it.
        var framing: BodyFraming?
        var clientMinorVersion = 1
        var closes = false
        var lines: [String]
        var testDescription: String { head.debugDescription }
    }

    static let via = "via: 1.1 gateway"
    static let date = "date: Mon, 23 Nov 2026 22:52:18 GMT"

    static let rows: [Row] = [
        Row(
            head: "HTTP/1.1 200 OK\r\nDate: x\r\nA: b\r\nContent-Length: 5\r\n\r\n",
            lines: ["HTTP/1.1 200 OK", "Date: x", "A: b", "Content-Length: 5", via]),
        Row(
            head: "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nConnection: keep-alive, hop\r\nhop: 1\r\nB: c\r\n\r\n",
            lines: ["HTTP/1.1 200 Fine", "Content-Length: 5", "B: c", via, date]),
        Row(
            head: "HTTP/1.1 404 \r\nContent-Length: 5\r\nDate: x\r\n\r\n", closes: true,
            lines: ["HTTP/1.1 404 Not Found", "Content-Length: 5", "Date: x", via, "connection: close"]),
        Row(
            head: "HTTP/1.0 200 Okay\r\nDate: x\r\n\r\n", framing: .chunked,
            lines: ["HTTP/1.1 200 OK", "Date: x", "via: 1.0 gateway", "transfer-encoding: chunked"]),
        Row(
            head: "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n",
            lines: ["HTTP/1.1 200 OK", "Date: x", via, "transfer-encoding: chunked"]),
        Row(
            head: "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n", framing: .untilClose,
            clientMinorVersion: 0, closes: true, lines: ["HTTP/1.1 200 OK", "Date: x", via, "connection: close"]),
        Row(
            head: "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 1\r\n\r\n", clientMinorVersion: 0,
            lines: ["HTTP/1.1 200 OK", "Date: x", "Content-Length: 1", via, "connection: keep-alive"]),
        Row(
            head: "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 10\r\n\r\n", framing: .length(7),
            lines: ["HTTP/1.1 200 OK", "Date: x", via, "content-length: 7"]),
        Row(
            head: "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 10\r\n\r\n", method: .head,
            lines: ["HTTP/1.1 200 OK", "Date: x", "Content-Length: 10", via]),
        Row(
            head: "HTTP/1.1 304 Not Modified\r\nDate: x\r\nContent-Length: 10\r\n\r\n",
            lines: ["HTTP/1.1 304 Not Modified", "Date: x", "Content-Length: 10", via]),
        Row(
            head: "HTTP/1.1 204 No Content\r\nDate: x\r\nContent-Length: 0\r\n\r\n",
            lines: ["HTTP/1.1 204 No Content", "Date: x", via]),
        Row(head: "HTTP/1.1 100 Continue\r\n\r\n", lines: ["HTTP/1.1 100 Continue", via]),
        Row(
            head: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", closes: true,
            lines: ["HTTP/1.1 103 Early Hints", "Link: x", via]),
    ]

    static func lines(_ row: Row, edits: HeaderEdits = HeaderEdits(), status: Int? = nil) throws -> [String] {
        let bytes = Array(row.head.utf8)
        var parser = ResponseParser(limits: RequestLimits())
        var head = ResponseHead()
        try #require(try parser.parse(bytes.span, into: &head, requestMethod: row.method))
        if let status {
            head.status = status
            head.reasonRange = 0..<0
        }
        let out = ByteBuffer(capacity: 16 << 10)
        let date = Array("Mon, 23 Nov 2026 22:52:18 GMT".utf8)
        ResponseWriter.write(
            head, bytes: bytes.span, framing: row.framing ?? head.framing, clientMinorVersion: row.clientMinorVersion,
            closes: row.closes, date: date.span, edits: edits, into: out)
        #expect(out.readableCount <= ResponseWriter.byteCountMax(head, edits: edits))
        let text = String(decoding: out.readable)
        let written = Array(text.utf8)
        guard case .complete(let again) = parseResponse(written, ends: [written.count], to: row.method) else {
            Issue.record("not parsed again: \(text)")
            return []
        }
        #expect(again.framing == row.framing ?? head.framing)
        return text.split(separator: "\r\n", omittingEmptySubsequences: false).dropLast(2).map(String.init)
    }

    @Test(arguments: rows) func writes(_ row: Row) throws {
        #expect(try Self.lines(row) == row.lines)
    }

    @Test func appliesEditsAndStatus() throws {
        let edits = HeaderEdits()
        edits.set(Array("server".utf8), Array("gw".utf8))
        edits.set(Array("date".utf8), Array("now".utf8))
        edits.remove(Array("x-powered-by".utf8))
        edits.add(Array("set-cookie".utf8), Array("c=d".utf8))
        let row = Row(
            head: "HTTP/1.1 200 OK\r\nServer: x\r\nSet-Cookie: a=b\r\nX-Powered-By: y\r\nContent-Length: 5\r\n\r\n",
            lines: [])
        #expect(
            try Self.lines(row, edits: edits, status: 503) == [
                "HTTP/1.1 503 Service Unavailable", "Set-Cookie: a=b", "Content-Length: 5", Self.via, "server: gw",
                "date: now", "set-cookie: c=d",
            ])
    }

    /// A head that the gateway made itself has no bytes and no fields.
    @Test func writesHeadsWithoutBytes() {
        var head = ResponseHead()
        head.status = 502
        head.framing = .length(3)
        let out = ByteBuffer(capacity: 1024)
        let date = Array("Mon, 23 Nov 2026 22:52:18 GMT".utf8)
        ResponseWriter.write(
            head, bytes: Span(), framing: .length(3), clientMinorVersion: 1, closes: true, date: date.span,
            edits: HeaderEdits(), into: out)
        #expect(
            String(decoding: out.readable)
                == "HTTP/1.1 502 Bad Gateway\r\n\(Self.via)\r\n\(Self.date)\r\n"
                + "connection: close\r\ncontent-length: 3\r\n\r\n"
        )
    }
}

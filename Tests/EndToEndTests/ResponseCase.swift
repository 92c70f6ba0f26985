import Testing

/// One row of what an upstream may answer, and what the gateway must make of it.
struct ResponseCase: Sendable, CustomTestStringConvertible {
    enum Piece: Sendable, ExpressibleByStringLiteral {
        case text(String)
        case repeated(String, Int)
        case bytes([UInt8])
        /// What stands before goes out on its own; everything else up to the end of the row is one write.
        case flush
        case close
        case reset

        init(stringLiteral value: String) { self = .text(value) }
    }

    enum Outcome: Sendable {
        /// 502 of the gateway's own, ended with one of these reasons.
        case refused([String])
        /// The head came through, but the client can tell that the body is not whole.
        case broken
        /// Either of the two, since it depends on how the bytes fell into reads.
        case refusedOrBroken
        case passes(status: Int, body: String)
    }

    var name: String
    var method = "GET"
    var pieces: [Piece]
    var outcome: Outcome

    var testDescription: String { name }
    /// The row's own route, so that its end reason is counted apart.
    var path: String { "/" + name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined() }

    static func refused(_ name: String, _ pieces: Piece..., reasons: [String] = ["upstream_protocol"]) -> Self {
        Self(name: name, pieces: pieces, outcome: .refused(reasons))
    }

    static func broken(_ name: String, _ pieces: Piece...) -> Self {
        Self(name: name, pieces: pieces, outcome: .broken)
    }

    static func refusedOrBroken(_ name: String, _ pieces: Piece...) -> Self {
        Self(name: name, pieces: pieces, outcome: .refusedOrBroken)
    }

    static func passes(
        _ name: String, _ pieces: Piece..., method: String = "GET", status: Int = 200, body: String = ""
    ) -> Self {
        Self(name: name, method: method, pieces: pieces, outcome: .passes(status: status, body: body))
    }
}

extension ResponseCase {
    static let all: [ResponseCase] = statusLines + fields + framing + ends + accepted

    static let statusLines: [ResponseCase] = [
        .refused("text that is no HTTP", "Hello, world\r\n\r\n"),
        .refused("an HTTP/0.9 page", "<html><body>hello</body></html>", .close),
        .refused("binary", .bytes([0x00, 0x80, 0xFF, 0xFE, 0x0D, 0x0A, 0x0D, 0x0A])),
        .refused("a TLS alert", .bytes([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])),
        .refused(
            "HTTP/2 settings", .bytes([0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 128, 0, 4, 0, 1, 0, 0, 13, 10])),
        .refused("the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        .refused("a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        .refused("an SSH banner", "SSH-2.0-OpenSSH_9.2\r\n"),
        .refused("version 2.0", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
        .refused("version 0.9", "HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n"),
        .refused("version in lower case", "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        .refused("version with two digits", "HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n"),
        .refused("no status", "HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
        .refused("empty status", "HTTP/1.1  OK\r\nContent-Length: 0\r\n\r\n"),
        .refused("status 99", "HTTP/1.1 99 Low\r\nContent-Length: 0\r\n\r\n"),
        .refused("status 099", "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n"),
        .refused("status 000", "HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n"),
        .refused("status 1000", "HTTP/1.1 1000 High\r\nContent-Length: 0\r\n\r\n"),
        .refused("status with letters", "HTTP/1.1 2OO OK\r\nContent-Length: 0\r\n\r\n"),
        .refused("negative status", "HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n"),
        .refused("two spaces before the status", "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n"),
        .refused("tab before the status", "HTTP/1.1\t200 OK\r\nContent-Length: 0\r\n\r\n"),
        .refused("control byte in the reason", "HTTP/1.1 200 O\u{1}K\r\nContent-Length: 0\r\n\r\n"),
        .refused("bare CR in the reason", "HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n"),
        .refused("bare LF after the status line", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"),
        .refused("bare LF everywhere", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
        .refused(
            "unasked switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n",
            "Connection: Upgrade\r\n\r\n"),
    ]

    static let fields: [ResponseCase] = [
        .refused("space before the colon", "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 0\r\n\r\n"),
        .refused("folded field", "HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n"),
        .refused("empty name", "HTTP/1.1 200 OK\r\n: y\r\nContent-Length: 0\r\n\r\n"),
        .refused("field without colon", "HTTP/1.1 200 OK\r\nbad\r\nContent-Length: 0\r\n\r\n"),
        .refused("space in a name", "HTTP/1.1 200 OK\r\nX Y: z\r\nContent-Length: 0\r\n\r\n"),
        .refused("NUL in a value", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n"),
        .refused("control byte in a value", "HTTP/1.1 200 OK\r\nX: a\u{1}b\r\nContent-Length: 0\r\n\r\n"),
        .refused("bare CR in a value", "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n"),
        .refused("bare LF after a field", "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n"),
        .refused(
            "300 header fields", "HTTP/1.1 200 OK\r\n", .repeated("X: y\r\n", 300), "Content-Length: 0\r\n\r\n",
            reasons: ["upstream_headers_too_large"]),
        .refused(
            "a header of 200 KiB", "HTTP/1.1 200 OK\r\nX: ", .repeated("y", 200_000), "\r\nContent-Length: 0\r\n\r\n",
            reasons: ["upstream_headers_too_large"]),
        .refused(
            "a status line of 200 KiB", "HTTP/1.1 200 ", .repeated("y", 200_000), "\r\nContent-Length: 0\r\n\r\n",
            reasons: ["upstream_headers_too_large", "upstream_protocol"]),
    ]

    static let framing: [ResponseCase] = [
        .refused(
            "length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        .refused(
            "chunked and length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        .refused("two lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        .refused("length list that differs", "HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\nabcd"),
        .refused("negative length", "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc"),
        .refused("signed length", "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc"),
        .refused("empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nabc"),
        .refused("length that is a word", "HTTP/1.1 200 OK\r\nContent-Length: three\r\n\r\nabc"),
        .refused("hexadecimal length", "HTTP/1.1 200 OK\r\nContent-Length: 0x3\r\n\r\nabc"),
        .refused("length past 64 bits", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551619\r\n\r\nabc"),
        .refused(
            "unknown transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
            "3\r\nabc\r\n0\r\n\r\n"),
        .refused("gzip and chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        .refused("chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        .refused(
            "chunked in two fields", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        .refused(
            "chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "3\r\nabc\r\n0\r\n\r\n", .close),
        .refusedOrBroken(
            "chunk size is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "x\r\nabc\r\n0\r\n\r\n"),
        .refusedOrBroken(
            "negative chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "-3\r\nabc\r\n0\r\n\r\n"),
        .refusedOrBroken(
            "chunk size past 64 bits", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "10000000000000003\r\nabc\r\n0\r\n\r\n"),
        .refusedOrBroken(
            "bare LF after a chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "3\nabc\r\n0\r\n\r\n"),
        .refusedOrBroken(
            "chunk longer than it says", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "3\r\nabcdef\r\n0\r\n\r\n"),
        .refusedOrBroken(
            "second chunk bad", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "3\r\nabc\r\n", .flush, "zz\r\n"),
        .refusedOrBroken(
            "bad trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "3\r\nabc\r\n0\r\nX : y\r\n\r\n"),
        .refusedOrBroken(
            "chunk extension of 100 KiB", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;",
            .repeated("x", 100_000), "\r\nabc\r\n0\r\n\r\n"),
    ]

    static let ends: [ResponseCase] = [
        .refused("closes at once", .close, reasons: ["upstream_reset"]),
        .refused("resets at once", .reset, reasons: ["upstream_reset"]),
        .refused("closes in the status line", "HTTP/1.1 20", .close, reasons: ["upstream_reset", "upstream_protocol"]),
        .refused(
            "closes in a field", "HTTP/1.1 200 OK\r\nContent-Le", .close,
            reasons: ["upstream_reset", "upstream_protocol"]),
        .refused(
            "closes before the empty line", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", .close,
            reasons: ["upstream_reset", "upstream_protocol"]),
        .refused(
            "resets in the head", "HTTP/1.1 200 OK\r\n", .reset, reasons: ["upstream_reset", "upstream_protocol"]),
        .refused(
            "closes after a 1xx", "HTTP/1.1 103 Early Hints\r\n\r\n", .close,
            reasons: ["upstream_reset", "upstream_protocol"]),
        .broken("closes before its length is reached", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", .close),
        .broken("closes before the first body byte", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", .close),
        .broken("closes between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", .close),
        .broken("closes inside a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", .close),
        .broken(
            "closes in a chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "3\r\nabc\r\n1", .close),
        .broken(
            "closes before the final CRLF", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
            .close),
        .refusedOrBroken(
            "resets in a body of known length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
            "abc", .reset),
        .refusedOrBroken(
            "resets in a chunked body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", .reset),
        .refusedOrBroken("resets a body that only its end delimits", "HTTP/1.1 200 OK\r\n\r\nabc", .reset),
    ]

    static let accepted: [ResponseCase] = [
        .passes("the plain response", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", body: "abc"),
        .passes("empty reason", "HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nabc", body: "abc"),
        .passes(
            "long reason", "HTTP/1.1 299 Strange, but: so!\r\n",
            "Content-Length: 1\r\n\r\na", status: 299, body: "a"),
        .passes("status 599", "HTTP/1.1 599 Odd\r\nContent-Length: 1\r\n\r\na", status: 599, body: "a"),
        .passes(
            "status 404 with a body", "HTTP/1.1 404 Not Found\r\n",
            "Content-Length: 2\r\n\r\nno", status: 404, body: "no"),
        .passes("empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        .passes("no body with 204", "HTTP/1.1 204 No Content\r\n\r\n", status: 204),
        .passes(
            "no body with 304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n",
            "ETag: \"x\"\r\n\r\n", status: 304),
        .passes("HEAD with a length", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", method: "HEAD"),
        .passes("HEAD with chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", method: "HEAD"),
        .passes("HEAD without any length", "HTTP/1.1 200 OK\r\n\r\n", method: "HEAD"),
        .passes("chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", body: "abc"),
        .passes(
            "chunked with capitals and extensions",
            "HTTP/1.1 200 OK\r\ntransfer-ENCODING: Chunked\r\n\r\nA;x=\"y\"\r\n0123456789\r\n0;z\r\n\r\n",
            body: "0123456789"),
        .passes(
            "a thousand tiny chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            .repeated("1\r\nx\r\n", 1000), "0\r\n\r\n", body: String(repeating: "x", count: 1000)),
        .passes("its end delimits the body", "HTTP/1.1 200 OK\r\n\r\nabc", .close, body: "abc"),
        .passes("HTTP/1.0 whose end delimits the body", "HTTP/1.0 200 OK\r\n\r\nabc", .close, body: "abc"),
        .passes("HTTP/1.0 with a length", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", .close, body: "abc"),
        .passes(
            "Connection close with a length", "HTTP/1.1 200 OK\r\nConnection: close\r\n",
            "Content-Length: 3\r\n\r\nabc", .close, body: "abc"),
        .passes(
            "an unasked 100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
            "Content-Length: 3\r\n\r\nabc", body: "abc"),
        .passes(
            "early hints twice",
            "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <b>\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", body: "abc"),
        .passes(
            "bytes above 0x7f in a value",
            "HTTP/1.1 200 OK\r\nX: ", .bytes([0xE9]), "\r\nContent-Length: 3\r\n\r\nabc", body: "abc"),
        .passes(
            "fifty cookies", "HTTP/1.1 200 OK\r\n", .repeated("Set-Cookie: a=b\r\n", 50),
            "Content-Length: 3\r\n\r\nabc", body: "abc"),
    ]
}

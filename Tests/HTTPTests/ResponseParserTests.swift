import Bytes
import HTTP
import Testing

@Suite("response heads, RFC 9112 §4 to §6") struct ResponseParserTests {
    struct Refusal: CustomTestStringConvertible, Sendable {
        var head: String
        var error: ResponseError
        init(_ head: String, _ error: ResponseError) {
            self.head = head
            self.error = error
        }
        var testDescription: String { head.debugDescription }
    }

    static let refusals: [Refusal] = [
        Refusal("garbage", .versionMalformed),
        Refusal("\r\nHTTP/1.1 200 OK\r\n", .versionMalformed),
        Refusal("http/1.1 200 OK\r\n", .versionMalformed),
        Refusal("HTTP/x", .versionMalformed),
        Refusal("HTTP/2.0 200 OK\r\n", .versionNotSupported),
        Refusal("HTTP/1.1  200 OK\r\n", .statusMalformed),
        Refusal("HTTP/1.1\t200 OK\r\n", .versionMalformed),
        Refusal("HTTP/1.1 20 OK\r\n", .statusMalformed),
        Refusal("HTTP/1.1 2000 OK\r\n", .statusMalformed),
        Refusal("HTTP/1.1 +20 OK\r\n", .statusMalformed),
        Refusal("HTTP/1.1 099 OK\r\n", .statusMalformed),
        Refusal("HTTP/1.1 600 OK\r\n", .statusMalformed),
        Refusal("HTTP/1.1 999 OK\r\n", .statusMalformed),
        Refusal("HTTP/1.1 200 O\u{0}K\r\n", .invalidReasonByte),
        Refusal("HTTP/1.1 200 OK\n", .bareLineFeed),
        Refusal("HTTP/1.1 200\n", .bareLineFeed),
        Refusal("HTTP/1.1 200 OK\rX", .bareCarriageReturn),
        Refusal("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", .contentNotAllowed),
        Refusal("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", .contentNotAllowed),
        Refusal("HTTP/1.1 103 Hi\r\nContent-Length: 5\r\n\r\n", .contentNotAllowed),
        Refusal("HTTP/1.1 200 OK\r\n A: b\r\n\r\n", .field(.whitespaceBeforeFirstField)),
        Refusal("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", .field(.lineFolding)),
        Refusal("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", .field(.whitespaceBeforeColon)),
        Refusal("HTTP/1.1 200 OK\r\nA: b\u{0}\r\n\r\n", .field(.controlByteInValue)),
        Refusal("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", .field(.contentLengthRepeated)),
        Refusal("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", .field(.contentLengthInvalid)),
        Refusal("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", .field(.contentLengthInvalid)),
        Refusal(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            .field(.contentLengthWithTransferEncoding)),
        Refusal("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .field(.transferEncodingUnsupported)),
        Refusal("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .field(.transferEncodingInHTTP10)),
    ]

    @Test(arguments: refusals) func refuses(_ row: Refusal) {
        #expect(parseResponse(row.head) == .refused(row.error))
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var head: String
        var method = HTTP.Method.get
        var line: [String]
        var framing: BodyFraming
        var isKeepAlive = true
        var testDescription: String { "\(method) \(head.debugDescription)" }
    }

    static let rows: [Row] = [
        Row(head: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", line: ["200", "OK"], framing: .length(5)),
        Row(head: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", line: ["200", ""], framing: .length(0)),
        Row(head: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", line: ["200", ""], framing: .length(0)),
        Row(
            head: "HTTP/1.1 404 Not\tFöund\r\nTransfer-Encoding: chunked\r\n\r\n", line: ["404", "Not\tFöund"],
            framing: .chunked),
        Row(head: "HTTP/1.1 200 OK\r\n\r\n", line: ["200", "OK"], framing: .untilClose, isKeepAlive: false),
        Row(
            head: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", line: ["200", "OK"], framing: .length(5),
            isKeepAlive: false),
        Row(
            head: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n", line: ["200", "OK"],
            framing: .length(5)),
        Row(
            head: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", line: ["200", "OK"],
            framing: .length(5), isKeepAlive: false),
        Row(
            head: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", method: .head, line: ["200", "OK"], framing: .none),
        Row(head: "HTTP/1.1 200 OK\r\n\r\n", method: .head, line: ["200", "OK"], framing: .none),
        Row(
            head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", method: .head, line: ["200", "OK"],
            framing: .none),
        Row(head: "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", line: ["304", "X"], framing: .none),
        Row(head: "HTTP/1.1 204 X\r\n\r\n", line: ["204", "X"], framing: .none),
        Row(head: "HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n", line: ["204", "X"], framing: .none),
        Row(head: "HTTP/1.1 100 Continue\r\n\r\n", line: ["100", "Continue"], framing: .none),
        Row(head: "HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n", line: ["101", "S"], framing: .none),
        Row(head: "HTTP/1.1 200 OK\r\n\r\n", method: .connect, line: ["200", "OK"], framing: .none),
        Row(
            head: "HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\n", method: .connect, line: ["403", "No"],
            framing: .length(1)),
    ]

    @Test(arguments: rows) func accepts(_ row: Row) {
        guard case .complete(let head) = parseResponse(row.head + "BODY", to: row.method) else {
            Issue.record("\(parseResponse(row.head, to: row.method))")
            return
        }
        #expect(head.startLine == row.line)
        #expect(head.framing == row.framing)
        #expect(head.isKeepAlive == row.isKeepAlive)
        #expect(head.byteCount == row.head.utf8.count)
    }

    @Test func limits() {
        let limits = RequestLimits(lineBytesMax: 64, headBytesMax: 64, headerCountMax: 2)
        let long = String(repeating: "a", count: 80)
        #expect(parseResponse("HTTP/1.1 200 " + long, limits: limits) == .refused(.lineTooLong))
        #expect(parseResponse("HTTP/1.1 200 OK\r\nA: " + long, limits: limits) == .refused(.field(.fieldsTooLarge)))
        #expect(
            parseResponse("HTTP/1.1 200 OK\r\nA:\r\nB:\r\nC:\r\n", limits: limits) == .refused(.field(.tooManyFields)))
    }

    @Test(arguments: ResponseError.allCases) func everyRefusalHasAnExplanation(_ error: ResponseError) {
        #expect(error.explanation.utf8CodeUnitCount > 0)
    }
}

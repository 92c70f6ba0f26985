import Bytes
import HTTP
import Testing

@Suite("request heads, RFC 9112 §2 to §6") struct RequestParserTests {
    struct Refusal: CustomTestStringConvertible, Sendable {
        var head: String
        var error: RequestError
        init(_ head: String, _ error: RequestError) {
            self.head = head
            self.error = error
        }
        var testDescription: String { head.debugDescription }
    }

    static let lineRefusals: [Refusal] = [
        Refusal("\u{16}\u{03}", .invalidMethodByte),
        Refusal("\u{80}", .invalidMethodByte),
        Refusal(" GET / HTTP/1.1\r\n", .methodMissing),
        Refusal("\tGET / HTTP/1.1\r\n", .invalidMethodByte),
        Refusal("GE(T / HTTP/1.1\r\n", .invalidMethodByte),
        Refusal("GET\r\n\r\n", .invalidMethodByte),
        Refusal("GET\t/ HTTP/1.1\r\n", .invalidMethodByte),
        Refusal(String(repeating: "M", count: 33) + " / HTTP/1.1\r\n", .methodTooLong),
        Refusal("GET  / HTTP/1.1\r\n", .targetMissing),
        Refusal("GET /  HTTP/1.1\r\n", .versionMalformed),
        Refusal("GET /\tHTTP/1.1\r\n", .invalidTargetByte),
        Refusal("GET / HTTP/1.1 \r\n", .versionMalformed),
        Refusal("GET /\r\n", .versionMalformed),
        Refusal("GET /\n", .bareLineFeed),
        Refusal("GET /#x HTTP/1.1\r\n", .fragmentInTarget),
        Refusal("GET /?a#x HTTP/1.1\r\n", .fragmentInTarget),
        Refusal("GET /\u{1}x HTTP/1.1\r\n", .invalidTargetByte),
        Refusal("GET /\u{0}x HTTP/1.1\r\n", .invalidTargetByte),
        Refusal("GET /\u{7F}x HTTP/1.1\r\n", .invalidTargetByte),
        Refusal("GET /ü HTTP/1.1\r\n", .invalidTargetByte),
        Refusal("GET /?ü HTTP/1.1\r\n", .invalidTargetByte),
        Refusal("GET /12345678\u{1F} HTTP/1.1\r\n", .invalidTargetByte),
        Refusal("GET x HTTP/1.1\r\n", .targetFormInvalid),
        Refusal("GET x/y HTTP/1.1\r\n", .targetFormInvalid),
        Refusal("GET ftp://a/ HTTP/1.1\r\n", .targetFormInvalid),
        Refusal("GET http:/a HTTP/1.1\r\n", .targetFormInvalid),
        Refusal("GET http:// HTTP/1.1\r\n", .targetFormInvalid),
        Refusal("GET http:///a HTTP/1.1\r\n", .targetAuthorityInvalid),
        Refusal("GET http://u@a/ HTTP/1.1\r\n", .targetAuthorityInvalid),
        Refusal("GET http://u:p@a/ HTTP/1.1\r\n", .targetAuthorityInvalid),
        Refusal("GET http://a:x/ HTTP/1.1\r\n", .targetAuthorityInvalid),
        Refusal("GET http://a:65536/ HTTP/1.1\r\n", .targetAuthorityInvalid),
        Refusal("GET * HTTP/1.1\r\n", .targetFormNotForMethod),
        Refusal("OPTIONS *x HTTP/1.1\r\n", .targetFormInvalid),
        Refusal("OPTIONS *?x HTTP/1.1\r\n", .targetFormInvalid),
        Refusal("GET a:80 HTTP/1.1\r\n", .targetFormInvalid),
        Refusal("CONNECT / HTTP/1.1\r\n", .targetFormNotForMethod),
        Refusal("CONNECT a HTTP/1.1\r\n", .targetAuthorityInvalid),
        Refusal("CONNECT a:80?x HTTP/1.1\r\n", .targetAuthorityInvalid),
        Refusal("CONNECT http://a:80/ HTTP/1.1\r\n", .targetAuthorityInvalid),
        Refusal("GET / http/1.1\r\n", .versionMalformed),
        Refusal("GET / HTTP/1\r\n", .versionMalformed),
        Refusal("GET / HTTP/11\r\n", .versionMalformed),
        Refusal("GET / HTTP/1.\r\n", .versionMalformed),
        Refusal("GET / HTTP/1.10\r\n", .versionMalformed),
        Refusal("GET / HTTP/1.x\r\n", .versionMalformed),
        Refusal("GET / HTTP/01.1\r\n", .versionMalformed),
        Refusal("GET / HTTP 1.1\r\n", .versionMalformed),
        Refusal("GET / XTTP/1.1\r\n", .versionMalformed),
        Refusal("GET / HTTP/2.0\r\n", .versionNotSupported),
        Refusal("GET / HTTP/0.9\r\n", .versionNotSupported),
        Refusal("PRI * HTTP/2.0\r\n", .targetFormNotForMethod),
        Refusal("GET / HTTP/1.1\n", .bareLineFeed),
        Refusal("GET / HTTP/1.1\rX", .bareCarriageReturn),
        Refusal("GET / HTTP/1.1\r\r\n", .bareCarriageReturn),
        Refusal("\nGET / HTTP/1.1\r\n", .bareLineFeed),
        Refusal("\rGET / HTTP/1.1\r\n", .bareCarriageReturn),
        Refusal("\r\n\r\n\r\n", .tooManyEmptyLines),
    ]

    @Test(arguments: lineRefusals) func refusesRequestLine(_ row: Refusal) {
        #expect(parseRequest(row.head) == .refused(row.error))
    }

    /// Field lines behind `GET / HTTP/1.1` and before an empty line; `Host` comes first unless they begin with `^`.
    static let fieldRefusals: [Refusal] = [
        Refusal("^", .hostMissing),
        Refusal("^Accept: a\r\n", .hostMissing),
        Refusal("Host: a\r\n", .hostRepeated),
        Refusal("hOsT: b\r\n", .hostRepeated),
        Refusal("^Host:\r\n", .hostInvalid),
        Refusal("^Host: a b\r\n", .hostInvalid),
        Refusal("^Host: a,b\r\n", .hostInvalid),
        Refusal("^Host: u@a\r\n", .hostInvalid),
        Refusal("^Host: a/b\r\n", .hostInvalid),
        Refusal("^Host: http://a\r\n", .hostInvalid),
        Refusal("^Host: a:\r\n", .hostInvalid),
        Refusal("^Host: a:0\r\n", .hostInvalid),
        Refusal("^Host: a:b\r\n", .hostInvalid),
        Refusal("^Host: a:99999\r\n", .hostInvalid),
        Refusal("^Host: :80\r\n", .hostInvalid),
        Refusal("^Host: [::1\r\n", .hostInvalid),
        Refusal("^Host: é\r\n", .hostInvalid),
        Refusal("^ Host: a\r\n", .field(.whitespaceBeforeFirstField)),
        Refusal("^\tHost: a\r\n", .field(.whitespaceBeforeFirstField)),
        Refusal("A: b\r\n c\r\n", .field(.lineFolding)),
        Refusal("A: b\r\n\tc\r\n", .field(.lineFolding)),
        Refusal("A: b\r\n \r\n", .field(.lineFolding)),
        Refusal("A : b\r\n", .field(.whitespaceBeforeColon)),
        Refusal("A\t: b\r\n", .field(.whitespaceBeforeColon)),
        Refusal("A b: c\r\n", .field(.whitespaceBeforeColon)),
        Refusal(": b\r\n", .field(.emptyName)),
        Refusal("A\r\n", .field(.invalidNameByte)),
        Refusal("A\n", .field(.bareLineFeed)),
        Refusal("A(b): c\r\n", .field(.invalidNameByte)),
        Refusal("A\u{0}: c\r\n", .field(.invalidNameByte)),
        Refusal("Ä: c\r\n", .field(.invalidNameByte)),
        Refusal("\"A\": c\r\n", .field(.invalidNameByte)),
        Refusal("Abcdefgh/ijklmnop: c\r\n", .field(.invalidNameByte)),
        Refusal("A: b\u{0}c\r\n", .field(.controlByteInValue)),
        Refusal("A: \u{B}chunked\r\n", .field(.controlByteInValue)),
        Refusal("A: b\u{7F}\r\n", .field(.controlByteInValue)),
        Refusal("A: b\u{1B}[0m\r\n", .field(.controlByteInValue)),
        Refusal("A: b\nC: d\r\n", .field(.bareLineFeed)),
        Refusal("A: b\rC: d\r\n", .field(.bareCarriageReturn)),
        Refusal("A: b\r\r\n", .field(.bareCarriageReturn)),
        Refusal("A: b\r\n\rX", .field(.bareCarriageReturn)),
        Refusal("A: b\r\n\n", .field(.bareLineFeed)),
        Refusal("Content-Length: \r\n", .field(.contentLengthInvalid)),
        Refusal("Content-Length: +5\r\n", .field(.contentLengthInvalid)),
        Refusal("Content-Length: -5\r\n", .field(.contentLengthInvalid)),
        Refusal("Content-Length: 5 5\r\n", .field(.contentLengthInvalid)),
        Refusal("Content-Length: 5, 5\r\n", .field(.contentLengthInvalid)),
        Refusal("Content-Length: 5,6\r\n", .field(.contentLengthInvalid)),
        Refusal("Content-Length: 0x5\r\n", .field(.contentLengthInvalid)),
        Refusal("Content-Length: 5;\r\n", .field(.contentLengthInvalid)),
        Refusal("Content-Length: 5.0\r\n", .field(.contentLengthInvalid)),
        Refusal("Content-Length: ５\r\n", .field(.contentLengthInvalid)),
        Refusal("Content-Length: 9223372036854775808\r\n", .field(.contentLengthTooLarge)),
        Refusal("Content-Length: 99999999999999999999\r\n", .field(.contentLengthTooLarge)),
        Refusal("Content-Length: 5\r\nContent-Length: 5\r\n", .field(.contentLengthRepeated)),
        Refusal("Content-Length: 5\r\ncontent-length: 6\r\n", .field(.contentLengthRepeated)),
        Refusal(
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", .field(.contentLengthWithTransferEncoding)),
        Refusal(
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", .field(.contentLengthWithTransferEncoding)),
        Refusal("Transfer-Encoding:\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: identity\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: gzip\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: gzip, chunked\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: chunked, chunked\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: chunked, identity\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: chunked,\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: ,chunked\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: xchunked\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: chunkedx\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: chunked;q=1\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: \"chunked\"\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: 'chunked'\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding:\tchunked\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: chunked\t\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding: ch\tunked\r\n", .field(.transferEncodingUnsupported)),
        Refusal("Transfer-Encoding : chunked\r\n", .field(.whitespaceBeforeColon)),
        Refusal("Transfer-Encoding: \u{B}chunked\r\n", .field(.controlByteInValue)),
        Refusal("Transfer-Encoding: chun\u{17F}ed\r\n", .field(.transferEncodingUnsupported)),
        Refusal(
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .field(.transferEncodingRepeated)),
        Refusal(
            "Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n", .field(.transferEncodingRepeated)),
        Refusal(
            "Connection: " + String(repeating: "a,", count: 33) + "\r\n", .field(.tooManyConnectionOptions)),
    ]

    @Test(arguments: fieldRefusals) func refusesFields(_ row: Refusal) {
        let fields = row.head.hasPrefix("^") ? String(row.head.dropFirst()) : "Host: a\r\n" + row.head
        #expect(parseRequest("GET / HTTP/1.1\r\n" + fields + "\r\n") == .refused(row.error))
    }

    @Test(arguments: ["HTTP/1.0", "HTTP/1.1"]) func refusesTransferEncodingInHTTP10Only(_ version: String) {
        let outcome = parseRequest("POST / \(version)\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        if version == "HTTP/1.0" {
            #expect(outcome == .refused(.field(.transferEncodingInHTTP10)))
        } else {
            guard case .complete(let head) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(head.framing == .chunked)
        }
    }

    @Test(arguments: RequestError.allCases) func everyRefusalHasAnExplanation(_ error: RequestError) {
        #expect(error.explanation.utf8CodeUnitCount > 0)
    }

    @Test func kindsOfRefusals() {
        #expect(RequestError.lineTooLong.kind == .uriTooLong)
        #expect(RequestError.versionNotSupported.kind == .versionNotSupported)
        #expect(RequestError.field(.tooManyFields).kind == .headersTooLarge)
        #expect(RequestError.field(.fieldsTooLarge).kind == .headersTooLarge)
        #expect(RequestError.field(.lineFolding).kind == .badRequest)
        #expect(RequestError.hostMissing.kind == .badRequest)
    }
}

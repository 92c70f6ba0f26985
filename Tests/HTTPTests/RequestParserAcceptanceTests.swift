import Bytes
import HTTP
import Testing

@Suite("request heads that must pass") struct RequestParserAcceptanceTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var head: String
        /// method text, method, form, path, `?query`, authority
        var line: [String]
        var framing = BodyFraming.none
        var isKeepAlive = true
        var expectsContinue = false
        var minorVersion = 1
        var testDescription: String { head.debugDescription }
    }

    static let rows: [Row] = [
        Row(head: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", line: ["GET", "get", "origin", "/", "", "a"]),
        Row(head: "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", line: ["GET", "get", "origin", "/", "", "a"]),
        Row(head: "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", line: ["GET", "get", "origin", "/", "", "a"]),
        Row(head: "GET /a?b=c HTTP/1.1\r\nhost:a:80\r\n\r\n", line: ["GET", "get", "origin", "/a", "?b=c", "a:80"]),
        Row(head: "GET /a? HTTP/1.1\r\nHost: a\r\n\r\n", line: ["GET", "get", "origin", "/a", "?", "a"]),
        Row(
            head: "GET /a??b?c/d HTTP/1.1\r\nHost: a\r\n\r\n",
            line: ["GET", "get", "origin", "/a", "??b?c/d", "a"]),
        Row(
            head: "GET /{a}|\"<>^`\\ HTTP/1.1\r\nHost: a\r\n\r\n",
            line: ["GET", "get", "origin", "/{a}|\"<>^`\\", "", "a"]),
        Row(head: "GET //a HTTP/1.1\r\nHost: a\r\n\r\n", line: ["GET", "get", "origin", "//a", "", "a"]),
        Row(head: "get / HTTP/1.1\r\nHost: a\r\n\r\n", line: ["get", "other", "origin", "/", "", "a"]),
        Row(
            head: "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n",
            line: ["PROPFIND", "other", "origin", "/", "", "a"]),
        Row(
            head: String(repeating: "M", count: 32) + " / HTTP/1.1\r\nHost: a\r\n\r\n",
            line: [String(repeating: "M", count: 32), "other", "origin", "/", "", "a"]),
        Row(head: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", line: ["OPTIONS", "options", "asterisk", "*", "", "a"]),
        Row(
            head: "CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n",
            line: ["CONNECT", "connect", "authority", "b:443", "", "b:443"]),
        Row(
            head: "GET http://b:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
            line: ["GET", "get", "absolute", "/x", "?y", "b:81"]),
        Row(head: "GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", line: ["GET", "get", "absolute", "", "", "b"]),
        Row(head: "GET http://b?y HTTP/1.1\r\nHost: a\r\n\r\n", line: ["GET", "get", "absolute", "", "?y", "b"]),
        Row(
            head: "GET http://b/ HTTP/1.0\r\n\r\n", line: ["GET", "get", "absolute", "/", "", "b"],
            isKeepAlive: false, minorVersion: 0),
        Row(
            head: "GET / HTTP/1.0\r\n\r\n", line: ["GET", "get", "origin", "/", "", ""], isKeepAlive: false,
            minorVersion: 0),
        Row(
            head: "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", line: ["GET", "get", "origin", "/", "", ""],
            minorVersion: 0),
        Row(
            head: "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
            line: ["GET", "get", "origin", "/", "", ""], isKeepAlive: false, minorVersion: 0),
        Row(head: "GET / HTTP/1.7\r\nHost: a\r\n\r\n", line: ["GET", "get", "origin", "/", "", "a"]),
        Row(
            head: "GET / HTTP/1.1\r\nHost: a\r\nConnection: x,  CLOSE\r\n\r\n",
            line: ["GET", "get", "origin", "/", "", "a"], isKeepAlive: false),
        Row(
            head: "GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n",
            line: ["GET", "get", "origin", "/", "", "a"], isKeepAlive: false),
        Row(
            head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 42\r\n\r\n",
            line: ["POST", "post", "origin", "/", "", "a"], framing: .length(42)),
        Row(
            head: "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length:9223372036854775807\t \r\n\r\n",
            line: ["PUT", "put", "origin", "/", "", "a"], framing: .length(.max)),
        Row(
            head: "POST / HTTP/1.1\r\nHost: a\r\ntRansfer-encodinG: CHUNKED  \r\n\r\n",
            line: ["POST", "post", "origin", "/", "", "a"], framing: .chunked),
        Row(
            head: "PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-Continue\r\n\r\n",
            line: ["PATCH", "patch", "origin", "/", "", "a"], framing: .length(0), expectsContinue: true),
        Row(
            head: "DELETE / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
            line: ["DELETE", "delete", "origin", "/", "", "a"]),
        Row(
            head: "HEAD / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n",
            line: ["HEAD", "head", "origin", "/", "", "[2001:db8::1]:8080"]),
        Row(head: "TRACE / HTTP/1.1\r\nHost: a_b\r\n\r\n", line: ["TRACE", "trace", "origin", "/", "", "a_b"]),
    ]

    @Test(arguments: rows) func accepts(_ row: Row) {
        guard case .complete(let head) = parseRequest(row.head + "BODY") else {
            Issue.record("\(parseRequest(row.head))")
            return
        }
        #expect(head.startLine == row.line)
        #expect(head.framing == row.framing)
        #expect(head.isKeepAlive == row.isKeepAlive)
        #expect(head.expectsContinue == row.expectsContinue)
        #expect(head.minorVersion == row.minorVersion)
        #expect(head.byteCount == row.head.utf8.count)
    }

    @Test func marksHopByHopAndTrims() {
        let outcome = parseRequest(
            "GET / HTTP/1.1\r\nHost: a\r\nX-A:  1 \t\r\nX-B:\r\n"
                + "Connection: X-A, upgrade, close, host, content-length\r\n"
                + "x-a: 2\r\nUpgrade: h2c\r\nContent-Length: 3\r\nTE: trailers\r\nKeep-Alive: 1\r\n"
                + "x_user: root\r\nX-C: \u{FC}\r\n\r\n")
        guard case .complete(let head) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(
            head.fields == [
                "Host=a", "!X-A=1", "X-B=", "!Connection=X-A, upgrade, close, host, content-length", "!x-a=2",
                "!Upgrade=h2c", "Content-Length=3", "!TE=trailers", "!Keep-Alive=1", "-x_user=root", "X-C=\u{FC}",
            ])
        #expect(head.framing == .length(3))
    }

    @Test func underscorePolicies() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nabcdefghij_k: root\r\n\r\n"
        let allowed = parseRequest(text, limits: RequestLimits(underscores: .allow))
        guard case .complete(let head) = allowed else {
            Issue.record("\(allowed)")
            return
        }
        #expect(head.fields == ["Host=a", "abcdefghij_k=root"])
        #expect(parseRequest(text, limits: RequestLimits(underscores: .reject)) == .refused(.field(.underscoreInName)))
    }

    @Test func limitsAreExact() {
        let line = "GET /aaa HTTP/1.1\r\n"
        let fields = "Host: a\r\nB: c\r\n"
        func outcome(line lineMax: Int, head headMax: Int, count: Int) -> RequestOutcome {
            parseRequest(
                line + fields + "\r\n",
                limits: RequestLimits(lineBytesMax: lineMax, headBytesMax: headMax, headerCountMax: count))
        }
        let exact = outcome(line: line.utf8.count, head: fields.utf8.count, count: 2)
        guard case .complete = exact else {
            Issue.record("\(exact)")
            return
        }
        #expect(outcome(line: line.utf8.count - 1, head: fields.utf8.count, count: 2) == .refused(.lineTooLong))
        #expect(
            outcome(line: line.utf8.count, head: fields.utf8.count - 1, count: 2) == .refused(.field(.fieldsTooLarge)))
        #expect(outcome(line: line.utf8.count, head: fields.utf8.count, count: 1) == .refused(.field(.tooManyFields)))
    }

    @Test func refusesOversizeBeforeTheLineEnds() {
        let limits = RequestLimits(lineBytesMax: 64, headBytesMax: 64)
        let target = String(repeating: "a", count: 64)
        #expect(parseRequest("GET /" + target, limits: limits) == .refused(.lineTooLong))
        #expect(
            parseRequest("GET / HTTP/1.1\r\nA: " + target + "aa", limits: limits) == .refused(.field(.fieldsTooLarge)))
        #expect(parseRequest("GET / HTTP/1.1\r\nA", limits: limits) == .incomplete)
    }

    @Test func isReadyForTheNextHead() throws {
        let bytes = Array("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: y\r\n\r\n".utf8)
        let next = Array("GET /2 HTTP/1.1\r\nHost: b\r\n\r\n".utf8)
        var parser = RequestParser(limits: RequestLimits())
        var head = RequestHead()
        #expect(try parser.parse(bytes.span, into: &head))
        #expect(try parser.parse(next.span, into: &head))
        #expect(summary(of: head, in: next.span).fields == ["Host=b"])
        #expect(head.framing == .none)
        #expect(try !parser.parse(bytes.span.extracting(first: 20), into: &head))
        parser.reset()
        #expect(try parser.parse(next.span, into: &head))
        #expect(summary(of: head, in: next.span).startLine[3] == "/2")
    }
}

import Foundation
import GatewayTesting
import Glibc
import Synchronization
import Testing

/// Bodies that scripts read whole, replace, and edit in chunks.
@Suite("Lua filters: bodies", .timeLimit(.minutes(5)))
struct LuaBodyTests {
    static let fixture = Result { try start() }

    private static func start() throws -> ScriptedGateway {
        let upstream = try ScriptedUpstream { request, session in try answer(request, session) }
        return try ScriptedGateway(
            scripts, keys: ["small": "limits: { body: 1KiB }", "open": "on_error: open"], upstream: upstream)
    }

    private static let scripts = [
        "json": """
        return { api = 1, request_body = "buffer", response_body = "buffer",
          on_request = function(req)
            local value, err = req:json()
            if not value then return 400, { error = err } end
            value.seen = true
            req:set_body(value)
          end,
          on_response = function(res)
            local value, err = res:json()
            if not value then return 502, { error = err } end
            res:set_body{ wrapped = value }
          end }
        """,
        "upper": """
        return { api = 1, request_body = "stream", response_body = "stream",
          on_request_body = function(chunk) return chunk:bytes():upper() end,
          on_response_body = function(chunk) return chunk:bytes():upper() end }
        """,
        "longer": """
        return { api = 1, response_body = "stream", request_body = "stream",
          on_request_body = function(chunk) if chunk.last then return chunk:bytes() .. "[end]" end end,
          on_response_body = function(chunk, ctx)
            ctx.state.n = (ctx.state.n or 0) + #chunk
            if chunk.last then return chunk:bytes() .. "[" .. math.tointeger(ctx.state.n) .. "]" end
          end }
        """,
        "loop": """
        return { api = 1, request_body = "stream", response_body = "stream",
          on_request = function(req)
            for chunk in req:body_chunks() do
              if chunk:find("secret") then chunk:replace((chunk:bytes():gsub("secret", "******"))) end
            end
          end,
          on_response = function(res)
            local first = true
            for chunk in res:body_chunks() do
              if first then chunk:replace("<" .. chunk:bytes()) first = false end
              if chunk.last then chunk:replace(chunk:bytes() .. ">") end
            end
          end }
        """,
        "drop": """
        return { api = 1, response_body = "stream",
          on_response_body = function(chunk) chunk:drop() end }
        """,
        "slow": """
        return { api = 1, request_body = "stream", response_body = "stream",
          on_request_body = function(chunk) gw.sleep(1) return chunk:bytes() end,
          on_response_body = function(chunk) gw.sleep(1) return chunk:bytes() end }
        """,
        "breaks": """
        return { api = 1, response_body = "stream",
          on_response_body = function(chunk, ctx)
            ctx.state.n = (ctx.state.n or 0) + 1
            if ctx.state.n == 2 then error("no more") end
          end }
        """,
        "open": """
        return { api = 1, response_body = "stream",
          on_response_body = function(chunk, ctx)
            ctx.state.n = (ctx.state.n or 0) + 1
            if ctx.state.n == 2 then error("no more") end
            return chunk:bytes():upper()
          end }
        """,
        "upload": """
        return { api = 1, request_body = "stream",
          on_request_body = function(chunk) if chunk:find("bad") then error("bad") end end }
        """,
        "small": """
        return { api = 1, request_body = "buffer", response_body = "buffer",
          on_request = function(req)
            local body, err = req:body()
            req.headers["x-read"] = body and tostring(#body) or err
          end,
          on_response = function(res) res.headers["x-read"] = tostring(#(res:body() or "")) end }
        """,
    ]

    /// Echoes a body, or does what the path's last part says.
    private static func answer(_ request: HTTPMessage, _ session: UpstreamSession) throws {
        let how = request.target.split(separator: "/").last.map(String.init) ?? ""
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Many: 1\r\n\r\n"
        switch how {
        case "length": try session.respond("hello world")
        case "chunked": try session.send(chunked + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        case "trailers": try session.send(chunked + "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")
        case "close":
            try session.send("HTTP/1.1 200 OK\r\n\r\nhello world")
            session.close()
        case "empty": try session.respond("")
        case "nocontent": try session.send("HTTP/1.1 204 No Content\r\n\r\n")
        case "notmodified": try session.send("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 7\r\n\r\n")
        case "pieces":
            try session.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            usleep(100_000)
            try session.send("def")
            usleep(100_000)
            try session.send("ghi")
        case "pieces-chunked":
            try session.send(chunked + "3\r\nabc\r\n")
            usleep(100_000)
            try session.send("3\r\ndef\r\n")
            usleep(100_000)
            try session.send("3\r\nghi\r\n0\r\n\r\n")
        case "large": try session.respond(String(repeating: "x", count: 4096))
        case "large-chunked":
            try session.send(chunked)
            for _ in 0..<4 { try session.send("400\r\n" + String(repeating: "x", count: 1024) + "\r\n") }
            try session.send("0\r\n\r\n")
        case "head":
            try session.send("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n")
        default: try session.respond(request.text, fields: ["X-Read-Up: \(request["x-read"] ?? "")"])
        }
    }

    // MARK: Whole bodies

    @Test func jsonIsEditedBothWays() throws {
        let fixture = try Self.fixture.get()
        let answer = try fixture.post("/json/x", #"{"a":1}"#)
        #expect(answer.status == 200)
        let sent = try #require(fixture.upstream.requests(to: "/json/x").last)
        #expect(sent["content-length"] == String(sent.body.count))
        let parsed = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        let wrapped = parsed?["wrapped"] as? [String: Any]
        #expect(wrapped?["a"] as? Int == 1 && wrapped?["seen"] as? Bool == true, "\(answer.text)")
        #expect(answer["content-length"] == String(answer.body.count))
        let chunked = try fixture.gateway.connect().exchange(
            RawConnection.request("POST", "/json/x", ["Transfer-Encoding: chunked"]),
            body: "3\r\n{\"a\r\n4\r\n\":2}\r\n0\r\n\r\n")
        #expect(chunked.text.contains("\"a\":2"), "\(chunked.text)")
        #expect(try fixture.post("/json/x", "{").status == 400)
        #expect(try fixture.post("/json/length", "{}").status == 502)
    }

    @Test func aBodyPastTheLimitIsRefused() throws {
        let fixture = try Self.start()
        #expect(try fixture.post("/small/x", String(repeating: "a", count: 1024))["x-read"] == "1024")
        let announced = try fixture.post("/small/x", String(repeating: "a", count: 1025))
        #expect(announced.status == 413)
        #expect(announced.problemCode == "body_too_large")
        let chunk = "200\r\n" + String(repeating: "a", count: 512) + "\r\n"
        let counted = try fixture.gateway.connect().exchange(
            RawConnection.request("POST", "/small/x", ["Transfer-Encoding: chunked"]),
            body: chunk + chunk + chunk + "0\r\n\r\n")
        #expect(counted.status == 413)
        for path in ["/small/large", "/small/large-chunked"] {
            let answer = try fixture.get(path)
            #expect(answer.status == 502)
            #expect(answer.problemCode == "upstream_body_too_large")
        }
        #expect(try fixture.gateway.endedCount("upstream_body_too_large") >= 1)
        try fixture.waitUntilIdle()
    }

    @Test(arguments: ["length", "chunked", "close", "empty"])
    func aWholeResponseIsRead(_ how: String) throws {
        let answer = try Self.fixture.get().get("/small/\(how)")
        #expect(answer.status == 200)
        #expect(answer.text == (how == "empty" ? "" : "hello world"))
        #expect(answer["x-read"] == (how == "empty" ? "0" : "11"))
    }

    @Test func aClientThatWaitsIsToldToGoOn() throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        try connection.send(
            RawConnection.request("POST", "/small/expect", ["Content-Length: 5", "Expect: 100-continue"]))
        #expect(try connection.reader.readAnyResponseHead()?.status == 100)
        try connection.send("hello")
        let answer = try connection.response()
        #expect(answer.status == 200 && answer.text == "hello" && answer["x-read"] == "5")
        let sent = try #require(fixture.upstream.requests(to: "/small/expect").last)
        #expect(sent.values("expect").isEmpty)
        #expect(sent["x-read"] == "5")
        #expect(try connection.get("/small/length").text == "hello world")
    }

    @Test func aClientThatWaitsWithTooMuchIsToldSo() throws {
        let connection = try Self.fixture.get().gateway.connect()
        try connection.send(
            RawConnection.request("POST", "/small/x", ["Content-Length: 5000", "Expect: 100-continue"]))
        #expect(try connection.response().status == 413)
    }

    @Test func aBrokenUploadReachesNobody() throws {
        let fixture = try Self.start()
        let connection = try fixture.gateway.connect()
        try connection.send(RawConnection.request("POST", "/small/broken", ["Content-Length: 50"]) + "part")
        try waitUntil("the script waits") { try fixture.gateway.metrics().count("gateway_lua_suspended") >= 1 }
        connection.socket.close()
        try fixture.waitUntilIdle()
        #expect(fixture.upstream.requests(to: "/small/broken").isEmpty)
    }

    // MARK: Chunks

    @Test(arguments: ["length", "chunked", "close", "trailers", "empty"])
    func aResponseIsEditedInChunks(_ how: String) throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        let plain = how == "trailers" ? "hello" : how == "empty" ? "" : "hello world"
        let upper = try connection.get("/upper/\(how)")
        #expect(upper.isComplete && upper.text == plain.uppercased())
        if how == "trailers" { #expect(upper.trailers == [.init(name: "X-Sum", value: "1")]) }
        let longer = try connection.get("/longer/\(how)")
        #expect(longer.isComplete && longer.text == "\(plain)[\(plain.count)]", "\(longer)")
        let looped = try connection.get("/loop/\(how)")
        #expect(looped.isComplete)
        if how == "length" || how == "chunked" { #expect(looped.text == "<\(plain)>", "\(looped)") }
        let dropped = try connection.get("/drop/\(how)")
        #expect(dropped.isComplete && dropped.text == "")
        #expect(try connection.get("/plain/length").text == "hello world")
    }

    @Test(arguments: ["upper", "longer", "loop"], [false, true])
    func aRequestIsEditedInChunks(_ script: String, _ isChunked: Bool) throws {
        let fixture = try Self.fixture.get()
        let body = isChunked ? "4\r\nabc \r\n6\r\nsecret\r\n0\r\n\r\n" : "abc secret"
        let length = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 10"
        let path = "/\(script)/up\(isChunked)"
        let answer = try fixture.gateway.connect().exchange(RawConnection.request("POST", path, [length]), body: body)
        #expect(answer.status == 200 && answer.isComplete)
        let expected = ["upper": "ABC SECRET", "longer": "abc secret[end]", "loop": "abc ******"][script]
        #expect(fixture.upstream.requests(to: path).last?.text == expected)
    }

    @Test func headAndBodilessStatusesHaveNoBody() throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        for script in ["upper", "longer", "loop", "drop", "small", "slow"] {
            let head = try connection.exchange(RawConnection.request("HEAD", "/\(script)/head"))
            #expect(head.status == 200, "\(script): \(head)")
            #expect(try connection.get("/\(script)/nocontent").status == 204)
            let cached = try connection.get("/\(script)/notmodified")
            #expect(cached.status == 304 && cached["etag"] == "\"a\"", "\(script): \(cached)")
        }
        // Had one of them had a body, this would have been read in its place.
        #expect(try connection.get("/plain/length").text == "hello world")
        #expect(!connection.reader.hasLeftover)
    }

    @Test(arguments: ["upper", "longer", "slow"])
    func oldClientsGetTheBodyUpToTheEnd(_ script: String) throws {
        let fixture = try Self.fixture.get()
        for how in ["length", "chunked"] {
            let connection = try fixture.gateway.connect()
            try connection.send("GET /\(script)/\(how) HTTP/1.0\r\nHost: a\r\n\r\n")
            let answer = try connection.response()
            #expect(!answer.isChunked && answer.isComplete)
            let expected = ["upper": "HELLO WORLD", "longer": "hello world[11]", "slow": "hello world"][script]
            #expect(answer.text == expected, "\(answer)")
            #expect(try connection.reader.readEnd() == .closed)
        }
    }

    // MARK: Failures on the way

    @Test(arguments: ["pieces", "pieces-chunked"])
    func aFailureOnTheWayNeverLooksLikeTheEnd(_ how: String) throws {
        let fixture = try Self.start()
        let connection = try fixture.gateway.connect()
        let answer = try connection.get("/breaks/\(how)")
        #expect(answer.status == 200)
        #expect(!answer.isComplete, "a failed filter looks like a clean end: \(answer)")
        #expect(answer.text.isEmpty || "abcdef".hasPrefix(answer.text))
        try waitUntil("it is counted") { try fixture.gateway.endedCount("filter_failed") >= 1 }

        let old = try fixture.gateway.connect()
        try old.send("GET /breaks/\(how) HTTP/1.0\r\nHost: a\r\n\r\n")
        #expect(try old.response().ending == .broken(.reset), "an old client takes a close for the end")
        try fixture.waitUntilIdle()
    }

    @Test func aFilterThatMayFailPassesTheRest() throws {
        let answer = try Self.fixture.get().get("/open/pieces")
        #expect(answer.isComplete && answer.text == "ABCdefghi", "\(answer)")
    }

    @Test func aFailureDuringTheUploadIsAnswered() throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        try connection.send(RawConnection.request("POST", "/upload/x", ["Transfer-Encoding: chunked"]))
        try connection.send("4\r\ngood\r\n")
        usleep(50_000)
        try connection.send("3\r\nbad\r\n")
        let answer = try connection.response()
        #expect(answer.status == 503)
        #expect(answer.problemCode == "filter_failed")
        // The upstream never takes the part for the whole.
        #expect(!fixture.upstream.requests(to: "/upload/x").contains { $0.isComplete })
    }

    // MARK: Several at once

    private static let bracket = """
        return { api = 1, request_body = "buffer", response_body = "buffer",
          on_request = function(req) req:set_body("<" .. req:body() .. ">") end,
          on_response = function(res) res:set_body("(" .. res:body() .. ")") end }
        """

    /// One reads whole what another edits in chunks, in both orders.
    @Test(arguments: [["whole", "chunks"], ["chunks", "whole"], ["whole", "chunks", "whole"], ["chunks", "chunks"]])
    func filtersOfBothKindsShareABody(_ chain: [String]) throws {
        let upstream = try ScriptedUpstream { request, session in try Self.answer(request, session) }
        let uses = chain.map { "{ type: lua, script: \($0) }" }.joined(separator: ", ")
        let route = "  - { name: chain, path: \"/chain/*\", upstream: main, middleware: [\(uses)] }\n"
        let fixture = try ScriptedGateway(
            ["whole": Self.bracket, "chunks": Self.scripts["upper"] ?? ""], routes: route, upstream: upstream)
        let connection = try fixture.gateway.connect()
        for isChunked in [false, true] {
            let request = RawConnection.request(
                "POST", "/chain/echo", [isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 3"])
            let answer = try connection.exchange(request, body: isChunked ? "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n" : "abc")
            #expect(answer.status == 200 && answer.isComplete)
            let count = chain.filter { $0 == "whole" }.count
            let (open, close) = (String(repeating: "<", count: count), String(repeating: ">", count: count))
            let (left, right) = (String(repeating: "(", count: count), String(repeating: ")", count: count))
            #expect(answer.text == "\(left)\(open)ABC\(close)\(right)", "\(answer)")
        }
        #expect(try connection.exchange(RawConnection.request("HEAD", "/chain/head")).status == 200)
        #expect(try connection.get("/chain/nocontent").status == 204)
        #expect(try connection.get("/plain/length").text == "hello world")
    }

    /// The route's own answer passes the same filters.
    @Test func anAnswerOfTheGatewayIsEditedToo() throws {
        let route =
            "  - { name: own, path: \"/own/*\", respond: { status: 200, body: hello }, middleware: "
            + "[{ type: lua, script: whole }, { type: lua, script: chunks }] }\n"
        let fixture = try ScriptedGateway(
            ["whole": Self.bracket, "chunks": Self.scripts["slow"] ?? ""], routes: route)
        let connection = try fixture.gateway.connect()
        for _ in 0..<2 { #expect(try connection.get("/own/x").text == "(hello)") }
        #expect(try connection.exchange(RawConnection.request("HEAD", "/own/x")).status == 200)
        #expect(try connection.get("/own/x").text == "(hello)")
    }

    // MARK: While the head waits

    private static let late = """
        return { api = 1, on_response = function(res) gw.sleep(200) res.headers["x-late"] = "1" end }
        """

    @Test func aBodyWaitsForItsHead() throws {
        let count = 5_000_000
        let upstream = try ScriptedUpstream { _, session in
            try session.respond(String(repeating: "z", count: count))
        }
        let fixture = try ScriptedGateway(["late": Self.late], upstream: upstream)
        let connection = try fixture.gateway.connect()
        for _ in 0..<2 {
            let answer = try connection.get("/late/x")
            #expect(answer["x-late"] == "1" && answer.isComplete && answer.body.count == count)
        }
    }

    @Test(arguments: ["close", "reset"])
    func aResponseThatBreaksMeanwhileIsNoWholeOne(_ how: String) throws {
        let upstream = try ScriptedUpstream { _, session in
            try session.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            usleep(50_000)
            if how == "close" { session.close() } else { session.reset() }
        }
        let fixture = try ScriptedGateway(["late": Self.late], upstream: upstream)
        let answer = try fixture.get("/late/x")
        #expect(answer.status == 502 || !answer.isComplete, "\(answer)")
        try fixture.waitUntilIdle()
    }

    // MARK: Large ones

    /// 5 MB and some, chunk by chunk through a script that waits at each.
    @Test(arguments: ["upper", "slow"], [false, true])
    func largeBodiesPassWhole(_ script: String, _ isChunked: Bool) throws {
        let fixture = try Self.fixture.get()
        let count = 5_000_123
        let block = String(repeating: "abcdefghij", count: 6553) + "klmnop"
        var body: [UInt8] = []
        while body.count < count { body += Array(block.utf8) }
        body.removeLast(body.count - count)
        let connection = try fixture.gateway.connect()
        let fields = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(count)"
        let head = Array(RawConnection.request("POST", "/\(script)/echo", [fields]).utf8)
        let framed =
            isChunked
            ? Array((String(count, radix: 16) + "\r\n").utf8) + body + Array("\r\n0\r\n\r\n".utf8) : body
        let socket = connection.socket
        Thread.detachNewThread { try? socket.send(head + framed, before: .after(.seconds(120))) }
        let answer = try connection.response(before: .after(.seconds(120)))
        #expect(answer.status == 200 && answer.isComplete)
        let expected = script == "upper" ? body.map { $0 - 32 } : body
        #expect(answer.body.count == count)
        #expect(answer.body == expected)
    }

    /// The script waits at each chunk, the client takes nothing: the upstream must be held back meanwhile.
    @Test func aSlowReaderHoldsTheUpstreamBack() throws {
        let progress = StreamingTests.Progress()
        let count = 48 << 20
        let upstream = try ScriptedUpstream { _, session in
            try session.send("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
            try progress.send(count, .length, on: session.socket)
        }
        let script = """
            return { api = 1, response_body = "stream",
              on_response_body = function(chunk, ctx)
                ctx.state.n = (ctx.state.n or 0) + 1
                if ctx.state.n % 64 == 0 then gw.sleep(1) end
              end }
            """
        let fixture = try ScriptedGateway(
            ["hold": script], keys: ["hold": "limits: { cpu_per_request: 5s, await: 300s }"],
            top: "timeouts: { request: 300s }\n", upstream: upstream)
        let before = fixture.gateway.child.residentBytes
        let connection = try fixture.gateway.connect(receiveBuffer: 64 << 10)
        try connection.send(RawConnection.request("GET", "/hold/x"))
        #expect(try connection.reader.readResponseHead()?.status == 200)
        try waitUntil("the upstream is held back", before: .after(.seconds(60))) { progress.isStalled }
        #expect(progress.bytes < count, "the gateway took everything in")
        #expect(fixture.gateway.child.residentBytes < before + StreamingTests.growthMax)
        #expect(try StreamingTests.receive(count, .chunked, from: connection.reader), "the body arrived changed")
        #expect(fixture.gateway.child.residentBytes < before + StreamingTests.growthMax)
    }
}

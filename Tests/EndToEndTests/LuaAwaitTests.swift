import Foundation
import GatewayTesting
import Glibc
import Synchronization
import Testing

/// Scripts that wait: for answers of other upstreams, for time, and for clients that do not stay.
@Suite("Lua filters: waiting", .timeLimit(.minutes(3)))
struct LuaAwaitTests {
    static let fixture = Result {
        try ScriptedGateway(
            scripts, upstream: ScriptedUpstream { request, session in try session.respond(request.target) },
            side: side())
    }

    private static func side() throws -> ScriptedUpstream {
        let side = try ScriptedUpstream { request, session in
            try session.respond(request.method + " " + request.text, fields: ["X-Side: \(request["x-ask"] ?? "")"])
        }
        side.on("/silent") { _, session in session.staySilent() }
        side.on("/large") { _, session in try session.respond(String(repeating: "a", count: 5000)) }
        side.on("/reset") { _, session in session.reset() }
        side.on("/slow") { _, session in
            usleep(100_000)
            try session.respond("slow")
        }
        return side
    }

    private static let scripts = [
        "call": """
        return { api = 1, uses = { http = { "side", "refused" } },
          on_request = function(req)
            local how = req:arg("how")
            local o = { upstream = "side", path = "/" .. how, headers = { ["x-ask"] = "me" }, timeout_ms = 2000 }
            if how == "post" then o.method = "POST" o.body = { a = 1 } o.query = { q = "1 2" } end
            if how == "refused" then o.upstream = "refused" end
            if how == "silent" then o.timeout_ms = 100 end
            if how == "large" then o.max_body = 100 end
            if how == "once" then o.retries = 0 end
            local res, err = gw.http.call(o)
            if not res then return 200, "error " .. err end
            return 200, res.status .. " " .. res.body .. " " .. (res.headers["x-side"] or "")
          end }
        """,
        "foreign": """
        return { api = 1, uses = { http = { "side" } },
          on_request = function() return 200, tostring(gw.http.call{ upstream = "main" }) end }
        """,
        "all": """
        return { api = 1, uses = { http = { "side", "refused" } },
          on_request = function(req)
            local start = gw.monotonic()
            local found = gw.http.all{
              { upstream = "side", path = "/slow" }, { upstream = "side", path = "/slow" },
              { upstream = "refused" }, { upstream = "side", path = "/silent", timeout_ms = 200 } }
            local words = {}
            for i, answer in ipairs(found) do words[i] = answer[1] and answer[1].body or answer[2] end
            return 200, table.concat(words, ",")
          end }
        """,
        "send": """
        return { api = 1, uses = { http = { "side" } },
          on_log = function(rec)
            assert(gw.http.send{ upstream = "side", method = "POST", path = "/sent", body = "s" })
          end }
        """,
        "both": """
        return { api = 1, uses = { http = { "side" } },
          on_request = function(req) gw.sleep(5) req.headers["x-a"] = gw.http.call{ upstream = "side" }.body end,
          on_response = function(res)
            gw.sleep(5)
            res.headers["x-b"] = gw.http.call{ upstream = "side", method = "PUT", body = "b" }.body
          end }
        """,
        "sleep": """
        return { api = 1, on_request = function(req) gw.sleep(tonumber(req:arg("ms"))) end }
        """,
        "after": """
        return { api = 1, on_response = function(res) gw.sleep(30000 // 10) end }
        """,
        "waits": """
        return { api = 1, uses = { http = { "side" } },
          on_request = function(req)
            if req:arg("all") then
              gw.http.all{ { upstream = "side", path = "/silent", timeout_ms = 60000 },
                { upstream = "side", path = "/silent", timeout_ms = 60000 } }
            else
              gw.http.call{ upstream = "side", path = "/silent", timeout_ms = 60000 }
            end
          end }
        """,
        "coroutines": """
        return { api = 1, uses = { http = { "side" } },
          on_request = function()
            local words = {}
            local each = coroutine.wrap(function()
              for i = 1, 3 do
                local ok, res = pcall(gw.http.call, { upstream = "side", path = "/" .. i })
                coroutine.yield(res.body .. i)
              end
            end)
            for i = 1, 3 do words[i] = each() end
            return 200, table.concat(words, ",")
          end }
        """,
    ]

    @Test(arguments: [
        ("plain", "200 GET  me"), ("post", "200 POST {\"a\":1} me"), ("refused", "error connect"),
        ("silent", "error timeout"), ("large", "error too_large"), ("reset", "error reset"),
    ])
    func aScriptAsksAnotherUpstream(_ how: String, _ expected: String) throws {
        let fixture = try Self.fixture.get()
        let answer = try fixture.get("/call/x?how=\(how)")
        #expect(answer.status == 200)
        #expect(answer.text == expected)
        if how == "post" {
            let sent = try #require(fixture.side.requests(to: "/post").last)
            #expect(sent.target == "/post?q=1%202" || sent.target == "/post?q=1+2")
        }
    }

    @Test func anUpstreamThatWasNotAskedForIsRefused() throws {
        let fixture = try Self.fixture.get()
        let answer = try fixture.get("/foreign/x")
        #expect(answer.status == 503)
        #expect(fixture.upstream.requests(to: "/").isEmpty)
    }

    @Test func severalRequestsRunAtOnce() throws {
        let answer = try Self.fixture.get().get("/all/x")
        #expect(answer.text == "slow,slow,connect,timeout")
    }

    @Test func aRequestThatNobodyWaitsForIsSent() throws {
        let fixture = try Self.fixture.get()
        #expect(try fixture.get("/send/x").text == "/send/x")
        try fixture.side.waitForRequests(1, to: "/sent")
        #expect(fixture.side.requests(to: "/sent").first?.text == "s")
    }

    @Test func bothPhasesWait() throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        for _ in 0..<3 {
            let answer = try connection.get("/both/x")
            #expect(answer.text == "/both/x")
            #expect(answer["x-b"] == "PUT b")
        }
        #expect(fixture.upstream.requests(to: "/both/x").last?["x-a"]?.hasPrefix("GET") == true)
    }

    @Test func awaitsWorkInCoroutines() throws {
        #expect(try Self.fixture.get().get("/coroutines/x").text == "GET 1,GET 2,GET 3")
    }

    @Test func pipelinedRequestsKeepTheirOrder() throws {
        let connection = try Self.fixture.get().gateway.connect()
        let delays = [40, 1, 20, 0, 5, 30]
        let requests = delays.enumerated().map {
            RawConnection.request("GET", "/\($0.isMultiple(of: 2) ? "sleep" : "call")/\($0)?how=plain&ms=\($1)")
        }
        try connection.send(requests.joined())
        for (number, delay) in delays.enumerated() {
            let answer = try connection.response()
            let expected =
                number.isMultiple(of: 2) ? "/sleep/\(number)?how=plain&ms=\(delay)" : "200 GET  me"
            #expect(answer.text == expected)
        }
    }

    @Test func manyWaitAtOnceOnOneWorker() throws {
        let fixture = try Self.fixture.get()
        let connections = try (0..<100).map { _ in try fixture.gateway.connect() }
        for (number, connection) in connections.enumerated() {
            try connection.send(RawConnection.request("GET", "/sleep/\(number)?ms=200"))
        }
        for (number, connection) in connections.enumerated() {
            #expect(try connection.response().text == "/sleep/\(number)?ms=200")
        }
    }

    /// Whatever a script waits for: when its client leaves, nothing of it is left.
    @Test(arguments: ["/sleep/x?ms=4000", "/waits/x", "/waits/x?all=1", "/after/x"])
    func aClientThatLeavesEndsTheWaiting(_ target: String) throws {
        let fixture = try ScriptedGateway(Self.scripts, side: Self.side())
        let name = String(target.dropFirst().prefix { $0 != "/" })
        let before = fixture.gateway.child.openDescriptors
        let connections = try (0..<8).map { _ in try fixture.gateway.connect() }
        for connection in connections { try connection.send(RawConnection.request("GET", target)) }
        try waitUntil("all wait") {
            try fixture.gateway.metrics().count("gateway_lua_suspended", ["filter": name]) == connections.count
        }
        for (number, connection) in connections.enumerated() {
            if number.isMultiple(of: 2) { connection.socket.close() } else { connection.socket.reset() }
        }
        try waitUntil("none waits") { try fixture.gateway.metrics().count("gateway_lua_suspended") == 0 }
        try waitUntil("the connections are closed: \(before), \(fixture.gateway.child.openDescriptors)") {
            // Idle connections to the upstream may stay, and one of the admin API may be about to end.
            fixture.gateway.child.openDescriptors <= before + (name == "after" ? connections.count + 4 : 4)
        }
        try waitUntil("they are counted") {
            try fixture.gateway.endedCount("client_gone") == connections.count
        }
        try fixture.waitUntilIdle()
        #expect(try fixture.get("/sleep/y?ms=1").status == 200)
    }

    @Test func theTimeToWaitIsBounded() throws {
        let script = """
            return { api = 1, on_request = function(req)
              for i = 1, 100 do gw.sleep(100) end
              return 200, "slept for ten seconds"
            end }
            """
        let fixture = try ScriptedGateway(["long": script], keys: ["long": "limits: { await: 150ms }"])
        #expect(try fixture.get("/long/x").status == 503)
        try fixture.waitForCalls("long", "on_request", "timeout", atLeast: 1)
        try fixture.waitUntilIdle()
    }

    @Test func theDeadlineOfARequestEndsTheWaiting() throws {
        let script = "return { api = 1, on_request = function(req) gw.sleep(4000) end }"
        let fixture = try ScriptedGateway(["long": script], top: "timeouts: { request: 300ms }\n")
        let connection = try fixture.gateway.connect()
        let answer = try connection.get("/long/x")
        #expect(answer.status == 504)
        try fixture.waitUntilIdle()
    }
}

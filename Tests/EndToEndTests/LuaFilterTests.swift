import Foundation
import GatewayTesting
import Testing

/// What scripts do to heads, and the answers that they give.
@Suite("Lua filters: heads and answers", .timeLimit(.minutes(3)))
struct LuaFilterTests {
    static let fixture = Result {
        let upstream = try ScriptedUpstream { request, session in
            let gone = request.target.contains("gone") ? "410 Gone" : "200 OK"
            try session.respond(request.target, status: gone, fields: ["X-Origin: o", "X-Gone: g", "X-Many: 1"])
        }
        return try ScriptedGateway(
            scripts, routes: chainRoute + pathRoute, upstream: upstream)
    }

    private static let chainRoute =
        "  - { name: chain, path: \"/chain/*\", upstream: main, middleware: "
        + "[{ type: lua, script: outer }, { type: lua, script: stopper }, { type: lua, script: inner }] }\n"
    private static let pathRoute =
        "  - { name: other, path: \"/other/*\", upstream: side }\n"

    private static let scripts = [
        "edit": """
        return { api = 1,
          on_request = function(req)
            req.headers["x-copy"] = req.headers["X-In"]
            req.headers:remove("x-drop")
            req.headers:add("x-many", "a")
            req.headers:add("x-many", "b")
            req.path = "/moved" .. req.path
            req:set_arg("n", "1 2")
            req.host = "other.example"
            if req.method == "PUT" then req.method = "PATCH" end
          end,
          on_response = function(res)
            res.headers["x-seen"] = tostring(res.status) .. " " .. res.source .. " " .. res.headers["x-origin"]
            res.headers:remove("x-gone")
            res.headers["x-many"] = { "2", "3" }
            if res.status == 410 then res.status = 404 end
          end }
        """,
        "replies": """
        return { api = 1,
          on_request = function(req)
            local how = req:arg("how")
            if how == "status" then return 403 end
            if how == "text" then return 401, "who are you" end
            if how == "json" then return 400, { error = "bad" } end
            if how == "headers" then return 429, "slow", { ["retry-after"] = "3" } end
            if how == "value" then return gw.reply(202, { ["x-a"] = { "1", "2" } }, "taken") end
            if how == "respond" then req:respond(409, { ["content-type"] = "text/html" }, "<p>") error("never") end
            if how == "guarded" then pcall(function() req:respond(410, nil, "gone") end) error("never") end
            if how == "empty" then return 204 end
          end,
          on_response = function(res, ctx)
            local how = res.headers["x-how"] or ctx.vars.how
            if res.source == "upstream" and ctx.vars.replace then return 502, "replaced" end
          end }
        """,
        "replace": """
        return { api = 1, on_response = function(res, ctx)
          if res.status == 410 then res:replace(200, { ["x-new"] = "1" }, "not gone") error("never") end
          return gw.reply(203, nil, { path = "json" })
        end }
        """,
        "outer": """
        return { api = 1, on_response = function(res) res.headers["x-outer"] = res.source .. " " .. res.status end }
        """,
        "stopper": """
        return { api = 1,
          on_request = function(req) if req:arg("stop") then return 418, "stopped" end end,
          on_response = function(res) res.headers["x-stopper"] = "seen" end }
        """,
        "inner": """
        return { api = 1, on_response = function(res) res.headers["x-inner"] = "seen" end }
        """,
        "reroute": """
        return { api = 1, on_request = function(req)
          if req:arg("to") then req.path = req:arg("to") end
          local found = req:reroute()
          req.headers["x-found"] = tostring(found)
        end }
        """,
        "choose": """
        return { api = 1, on_request = function(req) req:set_upstream("side") end }
        """,
        "context": """
        return { api = 1, schema = { type = "object", properties = { n = { type = "integer", default = 7 } } },
          on_request = function(req, ctx)
            ctx.state.path = req.path
            return 200, { route = ctx.route.name, n = ctx.conf.n, ip = ctx.client.ip, id = #ctx.request_id > 0,
              cookie = req:cookie("sid"), arg = req:arg("a"), all = req.headers:all("x-two"),
              remaining = ctx:remaining_ms() > 0, port = ctx.client.port > 1023 }
          end }
        """,
    ]

    @Test func headsAreEdited() throws {
        let fixture = try Self.fixture.get()
        let answer = try fixture.get("/edit/headers?a=b", "X-In: in", "X-Drop: d")
        #expect(answer.status == 200)
        #expect(answer["x-seen"] == "200 upstream o")
        #expect(answer.values("x-gone").isEmpty)
        #expect(answer.values("x-many") == ["2", "3"])
        let sent = try #require(fixture.upstream.requests(to: "/moved/edit/headers").last)
        #expect(sent["x-copy"] == "in")
        #expect(sent.values("x-drop").isEmpty)
        #expect(sent.values("x-many") == ["a", "b"])
        #expect(sent["host"] == "other.example")
        #expect(sent.target.hasPrefix("/moved/edit/headers?a=b&n=1"), "\(sent.target)")
        #expect(!sent.target.contains(" "))
    }

    @Test func methodAndStatusAreChanged() throws {
        let fixture = try Self.fixture.get()
        let request = RawConnection.request("PUT", "/edit/gone", ["Content-Length: 3"])
        let answer = try fixture.gateway.connect().exchange(request, body: "abc")
        #expect(answer.status == 404)
        let sent = try #require(fixture.upstream.requests(to: "/moved/edit/gone").last)
        #expect(sent.method == "PATCH")
        #expect(sent.text == "abc")
    }

    struct Reply: Sendable, CustomTestStringConvertible {
        var how: String
        var status: Int
        var text = ""
        var type: String?
        var testDescription: String { how }
    }

    @Test(arguments: [
        Reply(how: "status", status: 403),
        Reply(how: "text", status: 401, text: "who are you", type: "text/plain; charset=utf-8"),
        Reply(how: "json", status: 400, text: #"{"error":"bad"}"#, type: "application/json"),
        Reply(how: "headers", status: 429, text: "slow", type: "text/plain; charset=utf-8"),
        Reply(how: "value", status: 202, text: "taken", type: "text/plain; charset=utf-8"),
        Reply(how: "respond", status: 409, text: "<p>", type: "text/html"),
        Reply(how: "guarded", status: 410, text: "gone", type: "text/plain; charset=utf-8"),
        Reply(how: "empty", status: 204),
    ])
    func aScriptAnswers(_ row: Reply) throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        let answer = try connection.get("/replies/\(row.how)?how=\(row.how)")
        #expect(answer.status == row.status)
        #expect(answer.text == row.text)
        #expect(answer["content-type"] == row.type)
        #expect(answer["x-request-id"] != nil)
        if row.how == "headers" { #expect(answer["retry-after"] == "3") }
        if row.how == "value" { #expect(answer.values("x-a") == ["1", "2"]) }
        #expect(fixture.upstream.requests(to: "/replies/\(row.how)").isEmpty)
        // The connection is as good as after any other answer.
        #expect(try connection.get("/plain/after").text == "/plain/after")
    }

    @Test func anAnswerToABodyThatNobodyReadsKeepsTheConnectionInOrder() throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        let head = RawConnection.request("POST", "/replies/body?how=text", ["Content-Length: 5"])
        #expect(try connection.exchange(head, body: "hello").status == 401)
        let answer = try? connection.get("/plain/after")
        // Either it was read away, or the connection is closed; never is it taken for a request.
        #expect(answer == nil || answer?.text == "/plain/after")
    }

    @Test func aResponseIsReplaced() throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        let replaced = try connection.get("/replace/gone")
        #expect(replaced.status == 200)
        #expect(replaced.text == "not gone")
        #expect(replaced["x-new"] == "1")
        #expect(replaced.values("x-origin").isEmpty)
        let json = try connection.get("/replace/x")
        #expect(json.status == 203)
        #expect(json.text == #"{"path":"json"}"#)
        #expect(try connection.exchange(RawConnection.request("HEAD", "/replace/x")).status == 203)
        #expect(try connection.get("/plain/x").text == "/plain/x")
    }

    @Test func anAnswerPassesTheFiltersBefore() throws {
        let fixture = try Self.fixture.get()
        let stopped = try fixture.get("/chain/a?stop=1")
        #expect(stopped.status == 418)
        #expect(stopped["x-outer"] == "filter 418")
        #expect(stopped.values("x-stopper").isEmpty)
        #expect(stopped.values("x-inner").isEmpty)
        let passed = try fixture.get("/chain/a")
        #expect(passed["x-outer"] == "upstream 200")
        #expect(passed["x-stopper"] == "seen")
        #expect(passed["x-inner"] == "seen")
    }

    @Test func anotherRouteOrUpstreamIsChosen() throws {
        let fixture = try Self.fixture.get()
        #expect(try fixture.get("/reroute/x?to=/other/y").text == "ok")
        let sent = try #require(fixture.side.requests(to: "/other/y").last)
        #expect(sent["x-found"] == "true")
        #expect(try fixture.get("/reroute/x?to=/nowhere").status == 200)
        #expect(fixture.upstream.requests(to: "/nowhere").last?["x-found"] == "false")
        #expect(try fixture.get("/choose/y").text == "ok")
        #expect(fixture.side.requests(to: "/choose/y").count == 1)
    }

    @Test func theContextTellsOfTheRequest() throws {
        let answer = try Self.fixture.get().get(
            "/context/x?a=1%202", "Cookie: a=b; sid=42", "X-Two: 1", "X-Two: 2")
        #expect(answer.status == 200)
        let parsed = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any] ?? [:]
        #expect(parsed["route"] as? String == "context")
        #expect(parsed["n"] as? Int == 7)
        #expect(parsed["ip"] as? String == "127.0.0.1")
        #expect(parsed["cookie"] as? String == "42")
        #expect(parsed["arg"] as? String == "1 2")
        #expect(parsed["all"] as? [String] == ["1", "2"])
        #expect(parsed["id"] as? Bool == true && parsed["remaining"] as? Bool == true)
        #expect(parsed["port"] as? Bool == true)
    }

    @Test func variablesReachRewrites() throws {
        let script = """
            return { api = 1, on_request = function(req, ctx)
              ctx.vars.tenant = req:arg("t")
              ctx.vars.n = 7
              if req:arg("own") then req.path = "/own" end
            end }
            """
        let route =
            "  - { name: tenants, path: \"/api/*\", upstream: main, rewrite: { path: \"/t/{var:tenant}/{var:n}/{*}\" },"
            + " middleware: [{ type: lua, script: tenant }] }\n"
        let fixture = try ScriptedGateway(["tenant": script], routes: route)
        #expect(try fixture.get("/api/a/b?t=acme").status == 200)
        #expect(fixture.upstream.requests(to: "/t/acme/7/a/b").count == 1)
        #expect(try fixture.get("/api/a?t=a%20%22b").status == 200)
        #expect(fixture.upstream.requests(to: "/t/a%20%22b/7/a").count == 1)
        #expect(try fixture.get("/api/a?t=x&own=1").status == 200)
        #expect(fixture.upstream.requests(to: "/own").count == 1)
        let missing = try fixture.get("/api/a")
        #expect(missing.status == 503)
        #expect(missing.text.contains("filter_failed"))
        #expect(try fixture.get("/api/a?t=..").status == 400)
        #expect(try fixture.get("/api/a?t=a%2fb").status == 400)
    }

    @Test func variablesReachTheAccessLog() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/access.log"
        let log =
            "access_log: { output: \(path), fields: { tenant: \"$var{tenant}\", who: \"<$var{tenant}>\","
            + " none: \"$var{none}\" } }\n"
        let script = """
            return { api = 1,
              on_request = function(req, ctx) ctx.vars.tenant = req.headers["x-tenant"] ctx.vars.n = 3 end,
              on_log = function(rec, ctx) assert(rec.status == 200 and ctx.vars.n == 3) end }
            """
        let fixture = try ScriptedGateway(["tag": script], top: log)
        #expect(try fixture.get("/tag/x", "X-Tenant: a\"cme").status == 200)
        var line = ""
        try waitUntil("a line of the log") {
            line = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return line.hasSuffix("\n")
        }
        let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        #expect(parsed["tenant"] as? String == "a\"cme", "\(line)")
        #expect(parsed["who"] as? String == "<a\"cme>", "\(line)")
        try fixture.waitForCalls("tag", "on_log", "ok", atLeast: 1)
    }

    @Test func metricsOfScriptsAreOnThePage() throws {
        let script = """
            local hits = gw.metrics.counter("hits_total", "Hits", { "kind" })
            local sizes = gw.metrics.histogram("size_bytes", "Sizes", {}, { buckets = { 1, 10 } })
            return { api = 1, on_request = function(req)
              hits:inc(2, { req:arg("k") or "none" })
              sizes:observe(5)
            end }
            """
        let fixture = try ScriptedGateway(["count": script], workers: 2)
        for _ in 0..<10 { #expect(try fixture.get("/count/x?k=a").status == 200) }
        #expect(try fixture.get("/count/x?k=b%22%5C").status == 200)
        let metrics = try fixture.gateway.metrics()
        #expect(metrics.count("hits_total", ["kind": "a"]) == 20, "\(metrics.excerpt("hits_total"))")
        #expect(metrics.count("hits_total", ["kind": "b\"\\"]) == 2, "\(metrics.excerpt("hits_total"))")
        #expect(metrics.count("size_bytes_bucket", ["le": "1"]) == 0)
        #expect(metrics.count("size_bytes_bucket", ["le": "10"]) == 11)
        #expect(metrics.count("size_bytes_count") == 11)
    }

    @Test func conditionsKeepAScriptOut() throws {
        let script = """
            return { api = 1,
              on_request = function(req) req.headers["x-entered"] = "1" end,
              on_response = function(res) res.headers["x-left"] = "1" end }
            """
        let upstream = try ScriptedUpstream { request, session in
            let type = request.target.hasSuffix("json") ? "application/json" : "text/html; charset=utf-8"
            try session.respond(request["x-entered"] ?? "not", fields: ["Content-Type: \(type)"])
        }
        let fixture = try ScriptedGateway(
            ["get": script, "json": script],
            keys: [
                "get": "when: { methods: [GET] }",
                "json": "when: { response_content_type: application/json, response_status: 2xx }",
            ], upstream: upstream)
        #expect(try fixture.get("/get/x").text == "1")
        #expect(try fixture.post("/get/x", "a").text == "not")
        #expect(try fixture.post("/get/x", "a").values("x-left").isEmpty)
        #expect(try fixture.get("/json/x").values("x-left").isEmpty)
        #expect(try fixture.get("/json/json")["x-left"] == "1")
    }
}

import Foundation
import GatewayTesting
import Glibc
import Synchronization
import Testing

/// Scripts that fail or take too much: the request is answered, and nobody else notices.
@Suite("Lua filters: failures", .timeLimit(.minutes(3)))
struct LuaHostileTests {
    private static let loop = "return { api = 1, on_request = function(req) while true do end end }"
    private static let hog = """
        return { api = 1, on_request = function(req)
          local t = {}
          while true do t[#t + 1] = ("x"):rep(1000) .. #t end
        end }
        """
    private static let honest = """
        return { api = 1, on_request = function(req) req.headers["x-honest"] = "yes" end }
        """
    private static let breaker = "breaker: { kills: 1000, errors: 100000 }"

    struct Kill: Sendable, CustomTestStringConvertible {
        var name: String
        var script: String
        var result: String
        var limits = "limits: { cpu: 10ms }"
        var testDescription: String { name }
    }

    @Test(arguments: [
        Kill(name: "loop", script: loop, result: "killed_cpu"),
        // With time enough to fill its memory on a busy machine.
        Kill(
            name: "hog", script: hog, result: "killed_mem",
            limits: "limits: { cpu: 1s, cpu_per_request: 5s, memory: 1MiB }"),
        Kill(
            name: "guarded",
            script: "return { api = 1, on_request = function()"
                + " while true do pcall(function() while true do end end) end end }", result: "killed_cpu"),
        Kill(
            name: "pattern",
            script: "return { api = 1, on_request = function() return 200,"
                + " tostring((('a'):rep(30000)):find(('.-'):rep(6) .. 'b')) end }", result: "killed_cpu"),
    ])
    func aScriptThatTakesTooMuchIsStopped(_ row: Kill) throws {
        let fixture = try ScriptedGateway(
            ["bad": row.script, "good": Self.honest], keys: ["bad": Self.breaker + ", " + row.limits])
        let isOver = Atomic(false)
        let failures = Mutex<[String]>([])
        let served = Atomic(0)
        let clients = DispatchGroup()
        for path in ["/good/x", "/plain/x"] {
            clients.enter()
            Thread.detachNewThread {
                defer { clients.leave() }
                do {
                    let connection = try fixture.gateway.connect()
                    while !isOver.load(ordering: .relaxed) {
                        let answer = try connection.get(path)
                        if answer.status != 200 { throw TestingFailure("status \(answer.status)") }
                        served.wrappingAdd(1, ordering: .relaxed)
                    }
                } catch {
                    failures.withLock { $0.append("\(path): \(error)") }
                }
            }
        }
        let connection = try fixture.gateway.connect()
        for _ in 0..<10 {
            let answer = try connection.get("/bad/x")
            #expect(answer.status == 503)
            #expect(answer.problemCode == "filter_failed")
        }
        isOver.store(true, ordering: .relaxed)
        clients.wait()
        #expect(failures.withLock { $0 } == [])
        #expect(served.load(ordering: .relaxed) > 0)
        try fixture.waitForCalls("bad", "on_request", row.result, atLeast: 10)
        #expect(try fixture.calls("good", "on_request", "ok") > 0)
        #expect(fixture.upstream.requests(to: "/good/x").allSatisfy { $0["x-honest"] == "yes" })
        #expect(fixture.upstream.requests(to: "/bad/x").isEmpty)
        #expect(try fixture.gateway.metrics().count("gateway_lua_vm_rebuilds_total") >= 9)
        try waitUntil("it is in the log: \(fixture.gateway.child.errors)") {
            fixture.gateway.child.errors.contains(row.result)
        }
    }

    /// A kill retires the VM; who waits in it goes on.
    @Test func whoWaitsSurvivesTheKillOfAnother() throws {
        let script = """
            return { api = 1, on_request = function(req)
              if req:arg("loop") then while true do end end
              gw.sleep(300)
              return 200, "survived"
            end }
            """
        let fixture = try ScriptedGateway(["mixed": script], keys: ["mixed": Self.breaker])
        let waiting = try (0..<5).map { _ in try fixture.gateway.connect() }
        for connection in waiting { try connection.send(RawConnection.request("GET", "/mixed/x")) }
        try waitUntil("all wait") {
            try fixture.gateway.metrics().count("gateway_lua_suspended", ["filter": "mixed"]) == 5
        }
        #expect(try fixture.get("/mixed/x?loop=1").status == 503)
        for connection in waiting { #expect(try connection.response().text == "survived") }
        try fixture.waitUntilIdle()
    }

    struct Policy: Sendable, CustomTestStringConvertible {
        var keys: String
        var status: Int
        var text: String?
        var testDescription: String { keys.isEmpty ? "by default" : keys }
    }

    @Test(arguments: [
        Policy(keys: "", status: 503), Policy(keys: "on_error: closed", status: 503),
        Policy(keys: "on_error: open", status: 200, text: "ok"),
        Policy(keys: "on_error: { status: 500, body: sorry }", status: 500, text: "sorry"),
        Policy(keys: "expose_errors: true", status: 503, text: "told you"),
    ])
    func theOperatorSaysWhatBecomesOfAFailure(_ row: Policy) throws {
        let fixture = try ScriptedGateway(
            ["fails": "return { api = 1, on_request = function() error('told you') end }"], keys: ["fails": row.keys])
        let connection = try fixture.gateway.connect()
        for _ in 0..<3 {
            let answer = try connection.get("/fails/x")
            #expect(answer.status == row.status)
            if let text = row.text { #expect(answer.text.contains(text)) }
            if !row.keys.contains("expose") { #expect(!answer.text.contains("told you"), "\(answer.text)") }
        }
    }

    @Test func aFailureOfTheResponsePhaseIs502() throws {
        let fixture = try ScriptedGateway(
            [
                "fails": "return { api = 1, on_response = function() error('x') end }",
                "open": "return { api = 1, on_response = function() error('x') end, on_log = function() end }",
                "log": "return { api = 1, on_log = function() error('x') end }",
            ], keys: ["open": "on_error: open"])
        let connection = try fixture.gateway.connect()
        #expect(try connection.get("/fails/x").status == 502)
        #expect(try connection.get("/open/x").text == "ok")
        #expect(try connection.get("/log/x").text == "ok")
        try fixture.waitForCalls("log", "on_log", "error", atLeast: 1)
    }

    // MARK: The breaker

    @Test func aFailingScriptIsLeftOutAndTriedAgain() throws {
        let script = """
            return { api = 1, on_request = function(req)
              if req:arg("fail") then error("x") end
              return 200, "fine"
            end }
            """
        let fixture = try ScriptedGateway(
            ["shaky": script], keys: ["shaky": "breaker: { errors: 3, window: 60s, open: 500ms }"])
        for _ in 0..<3 { #expect(try fixture.get("/shaky/x?fail=1").status == 503) }
        try waitUntil("the breaker is open") {
            try fixture.gateway.metrics().count("gateway_lua_breaker_state", ["filter": "shaky"]) == 1
        }
        let entered = try fixture.calls("shaky", "on_request", "error")
        #expect(entered == 3)
        try waitUntil("it is tried again") { try fixture.get("/shaky/x").text == "fine" }
        try waitUntil("the breaker is closed") {
            try fixture.gateway.metrics().count("gateway_lua_breaker_state", ["filter": "shaky"]) == 0
        }
        for _ in 0..<5 { #expect(try fixture.get("/shaky/x").text == "fine") }
    }

    /// The one request that tries it again ends without a verdict, since its client leaves.
    @Test func aTrialThatEndsEarlyIsRepeated() throws {
        let script = """
            return { api = 1, on_request = function(req)
              if req:arg("fail") then error("x") end
              if req:arg("wait") then gw.sleep(4000) end
              return 200, "fine"
            end }
            """
        let fixture = try ScriptedGateway(
            ["shaky": script], keys: ["shaky": "breaker: { errors: 1, window: 60s, open: 100ms }"])
        #expect(try fixture.get("/shaky/x?fail=1").status == 503)
        try waitUntil("one tries it") {
            let connection = try fixture.gateway.connect()
            try connection.send(RawConnection.request("GET", "/shaky/x?wait=1"))
            guard !connection.socket.isReady(for: Int16(POLLIN), before: .after(.milliseconds(200))) else {
                return false
            }
            connection.socket.close()
            return true
        }
        try waitUntil("the next one tries it") { try fixture.get("/shaky/x").text == "fine" }
    }

    @Test func whileTheBreakerIsOpenThePolicyHolds() throws {
        let fixture = try ScriptedGateway(
            ["fails": "return { api = 1, on_request = function() while true do end end }"],
            keys: ["fails": "on_error: open, breaker: { kills: 2, window: 60s, open: 60s }"])
        for _ in 0..<6 { #expect(try fixture.get("/fails/x").text == "ok") }
        #expect(try fixture.calls("fails", "on_request", "killed_cpu") == 2)
    }

    // MARK: What scripts try

    private static let attacks = [
        "req.headers['x'] = 'a\\r\\nb: c'", "req.headers['content-length'] = '5'", "req.headers[':path'] = '/x'",
        "req.headers['transfer-encoding'] = 'chunked'", "req.path = '/a b'", "req.path = '/a\\r\\nx'",
        "req.path = 'a'", "req.method = 'GET /x'", "req.query = 'a b'", "req.host = 'a/b'", "req.host = 'a\\nb'",
        "return 99", "return '200 OK'", "return 200, nil, { a = 'b\\nc' }", "gw.reply(200, { connection = 'x' })",
        "x = 1", "gw.store('shared'):set('a', 1)", "gw.metrics.counter('late_total', 'x')",
        "gw.timer.every(1000, print)", "req:set_upstream('nowhere')", "gw.sleep(-1)", "gw.sleep(0/0)",
        "io.open('/etc/passwd')", "os.exit()", "local n = 'os' require(n)", "load('return 1')()",
        "getmetatable(req).x = 1", "setmetatable(req, {})",
    ]

    private static let attacked = Result {
        var scripts: [String: String] = [:]
        for (number, code) in attacks.enumerated() {
            scripts["attack\(number)"] = "return { api = 1, on_request = function(req) \(code) end }"
        }
        return try ScriptedGateway(scripts)
    }

    @Test(arguments: zip(attacks.indices, attacks))
    func anAttackEndsTheScript(_ number: Int, _ code: String) throws {
        let connection = try Self.attacked.get().gateway.connect()
        let answer = try connection.get("/attack\(number)/x")
        #expect(answer.status == 503, "\(code): \(answer)")
        #expect(try connection.get("/plain/x").text == "ok")
    }
}

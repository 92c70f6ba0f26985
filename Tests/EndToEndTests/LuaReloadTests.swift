import Foundation
import GatewayTesting
import Glibc
import Synchronization
import Testing

/// Scripts that change while requests pass.
@Suite("Lua filters: reload", .timeLimit(.minutes(5)))
struct LuaReloadTests {
    private static func says(_ text: String) -> String {
        "return { api = 1, on_request = function() return 200, \"\(text)\" end }"
    }

    private func waitForAnswer(_ text: String, _ fixture: ScriptedGateway, _ target: String = "/say/x") throws {
        try waitUntil("the answer \(text); log: \(fixture.gateway.child.errors.suffix(2000))") {
            try fixture.get(target).text == text
        }
    }

    /// Clients that ask one after the other until told to stop, and what went wrong for them.
    private final class Load: Sendable {
        private let isOver = Atomic(false)
        private let failures = Mutex<[String]>([])
        private let clients = DispatchGroup()
        let served = Atomic(0)

        init(_ count: Int, _ target: String, on gateway: GatewayProcess, isFine: @escaping @Sendable (Int) -> Bool) {
            for number in 0..<count {
                clients.enter()
                Thread.detachNewThread { [self] in
                    defer { clients.leave() }
                    do {
                        var connection = try gateway.connect()
                        while !isOver.load(ordering: .relaxed) {
                            let answer = try connection.get(target)
                            guard isFine(answer.status), answer.isComplete else {
                                throw TestingFailure("\(answer)")
                            }
                            served.wrappingAdd(1, ordering: .relaxed)
                            let closes = answer["connection"]?.lowercased() == "close"
                            if closes || number == 0 {
                                connection.socket.close()
                                connection = try gateway.connect()
                            }
                        }
                    } catch {
                        failures.withLock { $0.append("\(error)") }
                    }
                }
            }
        }

        /// What went wrong.
        func stop() -> [String] {
            isOver.store(true, ordering: .relaxed)
            clients.wait()
            return failures.withLock { $0 }
        }
    }

    @Test func anEditedScriptServesAndNoRequestFails() throws {
        let fixture = try ScriptedGateway(["say": Self.says("v0")], workers: 2)
        let load = Load(3, "/say/x", on: fixture.gateway) { $0 == 200 }
        for version in 1...30 {
            try fixture.gateway.rewriteScript("say", Self.says("v\(version)"))
            if version.isMultiple(of: 5) { try waitForAnswer("v\(version)", fixture) }
        }
        try waitForAnswer("v30", fixture)
        #expect(load.stop() == [])
        #expect(load.served.load(ordering: .relaxed) > 30)
        #expect(try fixture.gateway.metrics().count("gateway_config_reloads_total", ["result": "failure"]) == 0)
    }

    @Test func aBrokenScriptDoesNotServe() throws {
        let fixture = try ScriptedGateway(["say": Self.says("good")])
        let bad = [
            ("return { api = 1,\n  on_request = function( end }", "say.lua:2"),
            ("return { api = 1, on_reqest = 1 }", "on_reqest"), ("return {}", "api"),
            ("error('at load')", "at load"), ("while true do end", "CPU"), ("return nil", "say.lua"),
            ("return { api = 1, on_init = function() error('init') end }", "init"),
            ("return { api = 1, uses = { http = { 'main' } } }", "lua.policy.http"), ("\u{1B}Lua", "bytecode"),
        ]
        for (number, (text, part)) in bad.enumerated() {
            try fixture.gateway.rewriteScript("say", text)
            try waitUntil("it is refused: \(text)") {
                try fixture.gateway.metrics().count("gateway_config_reloads_total", ["result": "failure"]) > number
            }
            #expect(fixture.gateway.child.errors.contains(part), "\(part) in: \(fixture.gateway.child.errors)")
            #expect(try fixture.get("/say/x").text == "good")
        }
        try FileManager.default.removeItem(atPath: fixture.gateway.directory.path + "/filters/say.lua")
        try waitUntil("it is missed") {
            try fixture.gateway.metrics().count("gateway_config_reloads_total", ["result": "failure"]) > bad.count
        }
        #expect(try fixture.get("/say/x").text == "good")
        try fixture.gateway.rewriteScript("say", Self.says("mended"))
        try waitForAnswer("mended", fixture)
    }

    @Test func aModuleIsPartOfItsScript() throws {
        let main = "local m = require \"lib.words\"\nreturn { api = 1, on_request = function() return 200, m.word end }"
        let gateway = try GatewayProcess(
            config: """
                routes:
                  - { name: say, path: "/*", middleware: [{ type: lua, script: say }], respond: { status: 404 } }

                """, scripts: ["say": main, "lib/words": "return { word = 'one' }"])
        #expect(try gateway.get("/").text == "one")
        try gateway.rewriteScript("lib/words", "return { word = 'two' }")
        try waitUntil("the module is read again") { try gateway.get("/").text == "two" }
        try gateway.rewriteScript("lib/words", "return {")
        try waitUntil("the broken one is refused") { gateway.child.errors.contains("lib/words.lua:1") }
        #expect(try gateway.get("/").text == "two")
    }

    @Test func storesAndMetricsOutliveAScript() throws {
        func script(_ version: String) -> String {
            """
            local hits = gw.metrics.counter("kept_total", "Hits", { "v" })
            local s = gw.store("shared")
            local n = 0
            return { api = 1, uses = { store = { "shared" } }, on_request = function()
              hits:inc(1, { "all" })
              n = n + 1
              return 200, "\(version) " .. math.tointeger(s:incr("n")) .. " " .. n
            end }
            """
        }
        let fixture = try ScriptedGateway(["keep": script("a")])
        #expect(try fixture.get("/keep/x").text == "a 1 1")
        #expect(try fixture.get("/keep/x").text == "a 2 2")
        try fixture.gateway.rewriteScript("keep", script("b"))
        var count = 2
        try waitUntil("the new version") {
            count += 1
            return try fixture.get("/keep/x").text == "b \(count) 1"
        }
        #expect(try fixture.gateway.metrics().count("kept_total") == count)
        #expect(try fixture.gateway.metrics().count("gateway_lua_vms") == 1)
    }

    @Test func whatAScriptCarriesOverReachesTheNext() throws {
        func script(_ version: String) -> String {
            """
            local kept = { n = 0 }
            return { api = 1,
              on_init = function(conf, carried) if carried then kept = carried end end,
              on_unload = function() return kept end,
              on_request = function() kept.n = kept.n + 1 return 200, "\(version) " .. math.tointeger(kept.n) end }
            """
        }
        let fixture = try ScriptedGateway(["carry": script("a")])
        for number in 1...3 { #expect(try fixture.get("/carry/x").text == "a \(number)") }
        try fixture.gateway.rewriteScript("carry", script("b"))
        var count = 3
        try waitUntil("the new version goes on") {
            count += 1
            let answer = try fixture.get("/carry/x")
            if answer.status != 200 { throw TestingFailure("\(answer) \(fixture.gateway.child.errors)") }
            return answer.text == "b \(count)"
        }
    }

    @Test func anUnchangedScriptKeepsItsState() throws {
        let counter = """
            local n = 0
            return { api = 1, on_request = function() n = n + 1 return 200, tostring(n) end }
            """
        let fixture = try ScriptedGateway(["count": counter, "say": Self.says("one")])
        #expect(try fixture.get("/count/x").text == "1")
        try fixture.gateway.rewriteScript("say", Self.says("two"))
        try waitForAnswer("two", fixture)
        #expect(try fixture.get("/count/x").text == "2")
    }

    @Test func aRequestEndsOnTheScriptThatItBeganWith() throws {
        func script(_ version: String) -> String {
            """
            return { api = 1,
              on_request = function(req, ctx) ctx.state.v = "\(version)" if req:arg("slow") then gw.sleep(1500) end end,
              on_response = function(res, ctx) res.headers["x-v"] = ctx.state.v .. " \(version)" end }
            """
        }
        let fixture = try ScriptedGateway(["slow": script("a")])
        let connection = try fixture.gateway.connect()
        try connection.send(RawConnection.request("GET", "/slow/x?slow=1"))
        try waitUntil("it waits") { try fixture.gateway.metrics().count("gateway_lua_suspended") == 1 }
        try fixture.gateway.rewriteScript("slow", script("b"))
        try waitUntil("the new version serves") { try fixture.get("/slow/x")["x-v"] == "b b" }
        #expect(try connection.response()["x-v"] == "a a")
        #expect(try connection.get("/slow/x")["x-v"] == "b b")
        try fixture.waitUntilIdle()
    }

    // MARK: Taking back

    private func rollbacks(_ fixture: ScriptedGateway) throws -> Int {
        try fixture.gateway.metrics().count("gateway_filter_rollback_total")
    }

    @Test func aChangedScriptThatFailsIsTakenBack() throws {
        let failing = "return { api = 1, on_request = function() error('worse') end }"
        let fixture = try ScriptedGateway(
            ["say": Self.says("good")], keys: ["say": "breaker: { errors: 100000 }"], workers: 2)
        // It has to have served for its rate to be known.
        for _ in 0..<20 { #expect(try fixture.get("/say/x").text == "good") }
        let load = Load(2, "/say/x", on: fixture.gateway) { $0 == 200 || $0 == 503 }
        try fixture.gateway.rewriteScript("say", failing)
        try waitUntil("it is taken back; log: \(fixture.gateway.child.errors.suffix(2000))") {
            try rollbacks(fixture) == 1
        }
        try waitForAnswer("good", fixture)
        #expect(fixture.gateway.child.errors.contains("taken back"))

        // The same text again is not tried again: neither when it is written nor when somebody asks.
        try fixture.gateway.rewriteScript("say", failing)
        _ = try fixture.gateway.adminPost("/reload")
        for _ in 0..<50 { #expect(try fixture.get("/say/x").text == "good") }
        #expect(try rollbacks(fixture) == 1)

        try fixture.gateway.rewriteScript("say", Self.says("mended"))
        try waitForAnswer("mended", fixture)
        #expect(load.stop() == [])
        #expect(try rollbacks(fixture) == 1)
    }

    @Test func aChangedScriptThatIsStoppedIsTakenBack() throws {
        let looping = "return { api = 1, on_request = function() while true do end end }"
        let fixture = try ScriptedGateway(["say": Self.says("good")], keys: ["say": "breaker: { kills: 1000 }"])
        for _ in 0..<20 { #expect(try fixture.get("/say/x").text == "good") }
        let load = Load(1, "/say/x", on: fixture.gateway) { $0 == 200 || $0 == 503 }
        try fixture.gateway.rewriteScript("say", looping)
        try waitUntil("it is taken back") { try rollbacks(fixture) == 1 }
        try waitForAnswer("good", fixture)
        #expect(load.stop() == [])
    }

    @Test func nothingIsTakenBackWhereThatIsOff() throws {
        let failing = "return { api = 1, on_request = function() error('worse') end }"
        let gateway = try GatewayProcess(
            config: """
                lua: { rollback: false }
                routes:
                  - { name: say, path: "/*", middleware: [{ type: lua, script: say }], respond: { status: 404 } }

                """, scripts: ["say": Self.says("good")])
        for _ in 0..<20 { #expect(try gateway.get("/").text == "good") }
        try gateway.rewriteScript("say", failing)
        try waitUntil("it serves") { try gateway.get("/").status == 503 }
        for _ in 0..<30 { #expect(try gateway.get("/").status == 503) }
        usleep(500_000)
        #expect(try gateway.get("/").status == 503)
        #expect(try gateway.metrics().count("gateway_filter_rollback_total") == 0)
    }
}

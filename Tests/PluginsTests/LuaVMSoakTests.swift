import Config
import Foundation
import GatewayTesting
import Glibc
import Synchronization
import Telemetry
import Testing

@testable import Plugins

/// Kills at random points on several threads, with an honest script between them.
///
/// `make soak` asks for a hundred thousand of them.
@Suite("kills under load", .serialized) struct LuaVMSoakTests {
    private static var killsWanted: Int {
        ProcessInfo.processInfo.environment["SOAK_KILLS"].flatMap { Int($0) } ?? 200
    }

    /// Bodies of `on_request` that end by a kill alone.
    private static let attacks = [
        "while true do end",
        "local t = {} while true do t[#t + 1] = {} end",
        "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
        "while true do coroutine.wrap(function() for _ = 1, 1000 do end end)() end",
        "local a = ('a'):rep(5000) while true do pcall(string.find, a, ('.-'):rep(6) .. 'b') end",
        "local t = {} for i = 1, 2000 do t[i] = i end while true do table.sort(t, function(a, b) return a > b end) end",
        "local function f() return pcall(f) end while true do f() end",
        """
        local a, b = {}, {} setmetatable(a, { __call = b }) setmetatable(b, { __call = a })
        while true do pcall(a) end
        """,
        "while true do json.decode(json.encode({ 1, 2, { a = 'b' } })) end",
        "while true do re.compile('(a+)+$'):test(('a'):rep(1000) .. 'b') end",
    ]

    @Test func killsAreNeverLostAndNeverStray() throws {
        let done = Atomic(0)
        let problems = Mutex<[String]>([])
        let threads = (0..<2).map { index in
            let thread = Thread {
                do {
                    try Self.soak(seed: UInt64(index + 1), done, problems)
                } catch {
                    problems.withLock { $0.append("\(error)") }
                }
                done.add(Self.killsWanted, ordering: .relaxed)
            }
            thread.stackSize = 8 << 20
            return thread
        }
        let before = residentBytes()
        for thread in threads { thread.start() }
        while threads.contains(where: { !$0.isFinished }) { usleep(10_000) }
        #expect(problems.withLock { $0 } == [])
        #expect(residentBytes() - before < 128 << 20, "what was killed is freed")
    }

    private static func soak(seed: UInt64, _ done: borrowing Atomic<Int>, _ problems: borrowing Mutex<[String]>) throws
    {
        var random = Generator(state: seed)
        let host = FakeFilterHost()
        let attackers = try attacks.map {
            try Victim("return { api = 1, on_request = function() \($0) end }", host, cpu: 1)
        }
        let honest = try Victim(
            """
            local n = 0
            return { api = 1, on_request = function(req)
              n = n + 1
              if req.headers:get("x-tenant") ~= "acme" then error("tenant") end
              req.headers:set("x-count", tostring(n))
            end }
            """, host, cpu: 50)
        while done.add(1, ordering: .relaxed).newValue <= killsWanted {
            let number = Int.random(in: 0..<attacks.count, using: &random)
            if attackers[number].proceeds() { problems.withLock { $0.append("survived: \(attacks[number])") } }
            if !honest.proceeds() { problems.withLock { $0.append("failed: \(host.logs.last?.fields ?? "")") } }
            host.forgetLogs()
            if problems.withLock({ $0.count > 10 }) { return }
        }
    }

    private func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * Int(getpagesize()) } ?? 0
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 33
        }
    }

    /// A script of its own, which is made anew after each kill.
    private final class Victim {
        let host: FakeFilterHost
        let program: LuaProgram
        let filter: LuaFilter

        init(_ text: String, _ host: FakeFilterHost, cpu milliseconds: Int) throws {
            var script = ScriptProgram(
                name: "v", hash: ScriptHash.of([]), version: "",
                files: [ScriptProgram.File(module: "", path: "v", text: text)])
            script.phases = ["on_request"]
            var config = LuaFilterConfig()
            config.program = script
            config.limits.cpu = .milliseconds(milliseconds)
            // The breaker would keep the next one out.
            config.breaker.kills = 1000
            config.breaker.window = .seconds(1)
            self.host = host
            program = try LuaProgram(
                identity: LuaProgram.Identity(
                    script: script, limits: config.limits, preempt: .signal,
                    resources: ObjectIdentifier(host), names: [], configs: []),
                script: script, instances: [("v", config)],
                settings: LuaProgram.LuaSettings(limits: config.limits, usesHook: false, environment: { _ in nil }),
                resources: LuaResources(workerCount: 1, stores: []), registry: host.registry,
                counts: LuaProgramCounts(), awaitsPredecessor: false)
            program.attach(to: host, after: nil)
            filter = LuaFilter(program: program, instance: program.instances[0])
        }

        deinit { program.detach() }

        func proceeds() -> Bool {
            let exchange = FakeFilterExchange(host: host)
            exchange.fields[.request] = [(Array("x-tenant".utf8), Array("acme".utf8))]
            let verdict = filter.onRequest(exchange)
            filter.onLog(exchange)
            return verdict.isProceed
        }
    }
}

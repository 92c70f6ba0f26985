import Config
import GatewayTesting
import Telemetry
import Testing

@testable import Plugins

@Suite("programs of scripts") struct LuaProgramTests {
    @Test func garbageIsCollectedWhileIdle() throws {
        let host = FakeFilterHost()
        let program = try program(
            """
            return { api = 1, on_request = function()
              local t = {}
              for i = 1, 3000 do t[i] = ("x"):rep(200) .. i end
            end }
            """,
            registry: host.registry)
        program.attach(to: host, after: nil)
        defer { program.detach() }
        #expect(!program.hasGarbage)
        let filter = LuaFilter(program: program, instance: program.instances[0])
        for _ in 0..<200 where !program.hasGarbage {
            let exchange = FakeFilterExchange(host: host)
            #expect(filter.onRequest(exchange).isProceed)
            filter.onLog(exchange)
        }
        try #require(program.hasGarbage)
        let before = program.byteCount
        var steps = 0
        while steps < 1000, program.collectGarbage() { steps += 1 }
        #expect(!program.hasGarbage)
        #expect(program.byteCount < before - (128 << 10), "\(steps) steps")
    }

    private func program(_ text: String, registry: MetricRegistry) throws -> LuaProgram {
        var script = ScriptProgram(
            name: "p", hash: ScriptHash.of([]), version: "",
            files: [ScriptProgram.File(module: "", path: "p", text: text)])
        script.phases = ["on_request"]
        var config = LuaFilterConfig()
        config.program = script
        return try LuaProgram(
            identity: LuaProgram.Identity(
                script: script, limits: config.limits, preempt: .signal,
                resources: ObjectIdentifier(registry), names: [], configs: []),
            script: script, instances: [("p", config)],
            settings: LuaProgram.LuaSettings(limits: config.limits, usesHook: false, environment: { _ in nil }),
            resources: LuaResources(workerCount: 1, stores: []), registry: registry, counts: LuaProgramCounts(),
            awaitsPredecessor: false)
    }
}

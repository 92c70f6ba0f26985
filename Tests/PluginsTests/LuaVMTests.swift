import Bytes
import Config
import Foundation
import GatewayTesting
import HTTP
import Telemetry
import Testing

@testable import Plugins

/// Scripts that must be stopped, or come to nothing: `Hostile/*.lua`, each with its verdicts in the first line.
@Suite("hostile scripts", .serialized) struct HostileScriptTests {
    static let files = RepositoryFiles.list("Tests/PluginsTests/Hostile", suffix: ".lua").sorted()

    @Test(arguments: files) func stops(_ file: String) throws {
        let text = try RepositoryFiles.text(file)
        let first = try #require(text.split(separator: "\n").first)
        let marker = try #require(first.range(of: "verdict:"))
        let allowed = first[marker.upperBound...].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let (verdict, message) = try HostileRun(name: file, text: text).verdict()
        #expect(allowed.contains(verdict), "\(file): \(verdict) \(message)")
        // Whatever it did, it did to itself.
        let (honest, reason) = try HostileRun(name: "honest", text: Self.honest).verdict()
        #expect(honest == "done", "after \(file): \(reason)")
    }

    private static let honest = """
        local F = { api = 1 }
        local n = 0
        function F.on_request(req, ctx)
          n = n + 1
          if req.headers:get("x-tenant") ~= "acme" then error("tenant") end
          req.headers:set("x-count", tostring(n))
          ctx.state.n = n
          gw.sleep(1)
        end
        function F.on_log(rec, ctx) assert(ctx.state.n == n) end
        return F
        """
}

/// A script through all of its phases, twice, with the engine that serves.
private struct HostileRun {
    let name: String
    let text: String

    private static let words = ["done", "reply", "error", "killed_mem", "killed_cpu", "load_error"]

    private func word(_ failure: LuaFailure, atLoad: Bool) -> String {
        switch failure.kind {
        case .killedCPU: "killed_cpu"
        case .killedMemory: "killed_mem"
        case .error, .timeout: atLoad ? "load_error" : "error"
        }
    }

    func verdict() throws -> (String, String) {
        var script = ScriptProgram(
            name: "hostile", hash: ScriptHash.of([]), version: "",
            files: [
                ScriptProgram.File(module: "", path: name, text: text),
                ScriptProgram.File(module: "lib.ok", path: "ok", text: "return { n = 1 }"),
                ScriptProgram.File(module: "lib.raises", path: "r", text: "error('no')"),
                ScriptProgram.File(module: "lib.self", path: "self", text: "return require 'lib.self'"),
                ScriptProgram.File(module: "lib.bytecode", path: "b", text: "\u{1B}Lua"),
                ScriptProgram.File(module: "lib.loop", path: "l", text: "while true do end"),
                ScriptProgram.File(module: "lib.global", path: "g", text: "leaked = 1"),
            ])
        do throws(LuaFailure) {
            let findings = try LuaInspection(limits: LuaLimitsConfig()).describe(script)
            apply(findings.description, to: &script)
        } catch {
            return (word(error, atLoad: true), error.message)
        }
        var config = LuaFilterConfig()
        script.configuration = #"{"list":["b","a"],"name":"x","deep":{"n":{"m":1}}}"#
        config.program = script
        config.exposeErrors = true
        let program: LuaProgram
        let registry = MetricRegistry(workerCount: 1, methodNames: [])
        var stores: [StoreConfig] = []
        for name in script.stores {
            var store = StoreConfig()
            store.name = name
            stores.append(store)
        }
        do throws(LuaFailure) {
            program = try LuaProgram(
                identity: LuaProgram.Identity(
                    script: script, limits: config.limits, preempt: .signal,
                    resources: ObjectIdentifier(HostileRunMarker.self as AnyObject), names: [], configs: []),
                script: script, instances: [("hostile", config)],
                settings: LuaProgram.LuaSettings(
                    limits: config.limits, usesHook: false, environment: { $0 == "HOME" ? "/" : nil }),
                resources: LuaResources(workerCount: 1, stores: stores), registry: registry,
                counts: LuaProgramCounts(), awaitsPredecessor: false)
        } catch {
            return (word(error, atLoad: true), error.message)
        }
        let host = FakeFilterHost(registry: registry)
        host.answers = { request in
            let path = String(decoding: request.path, as: UTF8.self)
            if path == "/fail" { return .failure(.timeout) }
            return .success(SubrequestAnswer(status: 200, headers: Array("x-b: 2\r\n".utf8), body: request.path))
        }
        program.attach(to: host, after: nil)
        defer { program.detach() }
        return run(program, host)
    }

    private func apply(_ description: String, to script: inout ScriptProgram) {
        let object = (try? JSONSerialization.jsonObject(with: Data(description.utf8))) as? [String: Any] ?? [:]
        script.phases = Set(object["phases"] as? [String] ?? [])
        script.requestBody = (object["request_body"] as? String).flatMap { .init(rawValue: $0) } ?? .none
        script.responseBody = (object["response_body"] as? String).flatMap { .init(rawValue: $0) } ?? .none
        let uses = object["uses"] as? [String: Any] ?? [:]
        script.upstreams = uses["http"] as? [String] ?? ["authz"]
        script.stores = uses["store"] as? [String] ?? ["s"]
        script.secrets = (uses["secrets"] as? [String] ?? ["key"]).map { LuaSecretConfig(name: $0, value: "secret") }
    }

    private func run(_ program: LuaProgram, _ host: FakeFilterHost) -> (String, String) {
        let filter = LuaFilter(program: program, instance: program.instances[0])
        var worst = 0
        func note(_ word: String) { worst = max(worst, Self.words.firstIndex(of: word) ?? 0) }
        for _ in 0..<2 {
            let exchange = Self.exchange(host)
            var verdict = filter.onRequest(exchange)
            settle(host, exchange, &verdict)
            if case .respond(let response) = verdict, response.reason == .filterResponded { note("reply") }
            if case .proceed = verdict {
                pass(.request, filter, exchange, host)
                var answer = filter.onResponse(exchange)
                settle(host, exchange, &answer)
                if case .respond(let response) = answer, response.reason == .filterResponded { note("reply") }
                pass(.response, filter, exchange, host)
            }
            filter.onLog(exchange)
        }
        for _ in 0..<3 { host.run() }
        for log in host.logs where log.message == "a filter failed" {
            for word in Self.words.dropFirst(2) where log.fields.contains("\"result\":\"\(word)\"") { note(word) }
            if log.fields.contains("\"result\":\"timeout\"") { note("error") }
        }
        return (Self.words[worst], host.logs.last { $0.message == "a filter failed" }?.fields ?? "")
    }

    private static let chunk = Array("The quick brown fox jumps over the lazy dog. joe@example.org\n".utf8)

    private static func exchange(_ host: FakeFilterHost) -> FakeFilterExchange {
        let exchange = FakeFilterExchange(host: host)
        exchange.responseStatus = 200
        exchange.fields[.request] = [
            ("host", "example.org"), ("x-tenant", "acme"), ("cookie", "sid=123; lang=en"),
            ("x-long", String(repeating: "/", count: 8192)),
        ]
        .map { (Array($0.0.utf8), Array($0.1.utf8)) }
        exchange.fields[.response] = [(Array("content-type".utf8), Array("text/plain".utf8))]
        let body = Array(#"{"a":[1,2,3],"email":"x@y.z"}"#.utf8)
        exchange.bodies = [.request: body, .response: body]
        let texts: [(ExchangeText, String)] = [
            (.path, "/a/b"), (.query, "a=1&b=2&a=3%20x"), (.host, "example.org"), (.requestID, "rid"),
            (.authentication, #"{"subject":"joe","scopes":["a","b"]}"#),
        ]
        for (text, value) in texts { exchange.texts[text] = Array(value.utf8) }
        return exchange
    }

    /// Lets what the script waits for come, within bounds.
    private func settle(_ host: FakeFilterHost, _ exchange: FakeFilterExchange, _ verdict: inout FilterVerdict) {
        guard case .suspend = verdict else { return }
        let known = exchange.resumptions.count
        for _ in 0..<20_000 where exchange.resumptions.count == known && host.isBusy { host.run() }
        if exchange.resumptions.count > known, let last = exchange.resumptions.last { verdict = last }
    }

    private func pass(
        _ side: MessageSide, _ filter: LuaFilter, _ exchange: FakeFilterExchange, _ host: FakeFilterHost
    ) {
        guard filter.takesBody(side, of: exchange) else { return }
        for index in 0..<3 {
            let verdict = filter.onBody(side, Self.chunk, isLast: index == 2, of: exchange)
            switch verdict {
            case .pass, .replace: continue
            case .fail: return
            case .suspend:
                let known = exchange.bodyVerdicts.count
                for _ in 0..<20_000 where exchange.bodyVerdicts.count == known && host.isBusy { host.run() }
                guard exchange.bodyVerdicts.count > known else { return }
            }
        }
    }
}

/// Stands for what programs of these tests share: nothing.
private final class HostileRunMarker {}

import Config
import EventLoop
import Foundation
import GatewayTesting
import Logging
import Testing

@testable import ControlPlane

@Suite("services", .timeLimit(.minutes(5))) struct GatewayServicesTests {
    private let engine = FakeEngine()

    private func services(
        admin: String?, engine: FakeEngine, upstreams: [UpstreamConfig] = [],
        whenServing: @escaping @Sendable () -> Void = {}
    ) -> GatewayServices {
        var config = GatewayConfig()
        config.admin.address = admin
        config.upstreams = upstreams
        // The engine listens nowhere, so there is nothing to probe.
        config.listeners = []
        config.timeouts.drainDelay = .zero
        engine.serve(config)
        let loaded = LoadedConfig(
            config: config, warnings: [], files: [],
            effective: EffectiveConfig(tree: ConfigNode(.mapping([]))))
        return GatewayServices(
            loaded: loaded, asOf: FileFingerprint(of: []),
            source: ConfigSource(path: nil) { (.success(loaded), []) }, engine: engine, events: EventLog(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            notification: ServiceNotification { _ in nil }, stopsOnSignals: false, whenServing: whenServing)
    }

    /// Runs `body` on a thread of its own: blocking clients must not hold the pool that the server runs on.
    private func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            do throws(SystemError) {
                try WorkerThread.start(name: "client") { continuation.resume(with: .init { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Runs services until `body` has ended.
    private func serving(admin: String?, _ body: @escaping @Sendable () throws -> Void) async throws {
        let (serving, isServing) = AsyncStream<Void>.makeStream()
        var upstream = UpstreamConfig(name: "a")
        upstream.targets = [UpstreamConfig.Target(host: "10.0.0.1", port: 80)]
        let services = services(admin: admin, engine: engine, upstreams: [upstream]) { isServing.finish() }
        let task = Task { _ = try? await services.run() }
        for await _ in serving {}
        do {
            try await onThread(body)
        } catch {
            Issue.record(error)
        }
        task.cancel()
        await task.value
    }

    @Test func startsServesAndStopsInOrder() async throws {
        try await serving(admin: nil) {}
        #expect(
            engine.calls == [.start(["a": ["10.0.0.1:80"]]), .leave, .beginDrain, .stop])
    }

    /// Else the process of these tests would end early, and look as if all had passed.
    @Test func whoeverRanThemIsNotEnded() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let stopping = Stopping()
            stopping.limitExit(to: .milliseconds(20))
            stopping.liftExitLimit()
            try await Task.sleep(for: .milliseconds(300))
            exit(7)
        }
        await #expect(processExitsWith: .exitCode(0)) {
            Stopping().limitExit(to: .milliseconds(20))
            try await Task.sleep(for: .seconds(60))
        }
    }

    @Test func theAdminAPIAnswersOverTCP() async throws {
        let port = try FreePort.take()
        try await serving(admin: "127.0.0.1:\(port)") { [engine] in
            let connection = try RawConnection(port: port)
            let ready = try connection.get("/readyz")
            #expect(ready.status == 200)
            #expect(ready.text == "{\"status\":\"ready\"}\n")
            #expect(ready["cache-control"] == "no-store")
            engine.set(readiness: ["a drain has begun"])
            #expect(try connection.get("/readyz?verbose").status == 503)
            let head = try connection.exchange(RawConnection.request("HEAD", "/metrics"))
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            let refused = try connection.exchange(RawConnection.request("DELETE", "/metrics"))
            #expect(refused.status == 405)
            #expect(refused["allow"] == "GET, HEAD")
            let unknown = try connection.get("/admin")
            #expect(unknown.status == 404)
            #expect(unknown["content-type"] == "application/problem+json")
        }
    }

    @Test func theAdminAPIAnswersOverAUnixSocket() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/admin.sock"
        try await serving(admin: "unix:\(path)") {
            let health = try RawConnection(to: .unix(path)).get("/healthz")
            #expect(health.status == 200)
        }
    }

    @Test func anAdminAddressInUseIsAStartFailure() async throws {
        let taken = try ListeningSocket()
        let services = services(admin: "127.0.0.1:\(taken.port)", engine: engine)
        let error = await #expect(throws: StartFailure.self) { _ = try await services.run() }
        #expect(error?.message.contains("127.0.0.1:\(taken.port)") == true)
        #expect(error?.hint?.contains("admin.address") == true)
        #expect(engine.calls.isEmpty)
        taken.close()
    }

    @Test(arguments: ["nonsense", "127.0.0.1", "unix:relative"])
    func anAdminAddressThatIsNoneIsAStartFailure(_ address: String) async {
        let services = services(admin: address, engine: engine)
        await #expect(throws: StartFailure.self) { _ = try await services.run() }
    }

    @Test func aListenerThatCannotBeBoundIsAStartFailure() async throws {
        let failure = StartFailure("no", hint: "try")
        let services = services(admin: "127.0.0.1:\(try FreePort.take())", engine: FakeEngine(startFailure: failure))
        let error = await #expect(throws: StartFailure.self) { _ = try await services.run() }
        #expect(error == failure)
        #expect(failure.description == "error: no\n  hint: try")
    }
}

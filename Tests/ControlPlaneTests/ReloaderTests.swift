import Config
import GatewayTesting
import Logging
import Synchronization
import Telemetry
import Testing

@testable import ControlPlane

@Suite("reloads", .timeLimit(.minutes(5))) struct ReloaderTests {
    /// A configuration that the test changes, and how often it was read.
    private final class Files: Sendable {
        private let state = Mutex<(yaml: String, reads: Int, gate: Gate?)>(("", 0, nil))

        var readCount: Int { state.withLock(\.reads) }
        func set(_ yaml: String) { state.withLock { $0.yaml = yaml } }
        /// Reading waits for this.
        func hold(_ gate: Gate?) { state.withLock { $0.gate = gate } }

        var source: ConfigSource {
            ConfigSource(path: nil) { [self] in
                let (yaml, gate) = state.withLock { state in
                    state.reads += 1
                    return (state.yaml, state.gate)
                }
                try? gate?.wait()
                do throws(ConfigFailure) {
                    return (
                        .success(try ConfigLoader(environment: { _ in nil }).load(yaml: yaml, file: "g.yaml")), ["g"]
                    )
                } catch {
                    return (.failure(error), ["g"])
                }
            }
        }
    }

    private let files = Files()
    private let engine = FakeEngine()
    private let events = EventLog()
    private let followed = Followed()

    private final class Followed: Sendable {
        private let list = Mutex<[[String]]>([])
        var all: [[String]] { list.withLock { $0 } }
        func add(_ paths: [String]) { list.withLock { $0.append(paths) } }
    }

    private static func config(_ route: String) -> String {
        "listeners: [{ name: h, address: \"127.0.0.1:1\" }]\n"
            + "routes: [{ name: \(route), path: \"/*\", respond: { status: 200 } }]\n"
    }

    private func started() async throws -> Reloader {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let followed = followed
        let reloader = Reloader(
            source: files.source, engine: engine, resolver: NameResolver(logger: logger) { _, _ in }, events: events,
            logger: logger
        ) { paths, _, _ in followed.add(paths) }
        files.set(Self.config("one"))
        let attempt = files.source.check()
        try await reloader.start(attempt.outcome.get(), asOf: attempt.before)
        return reloader
    }

    private func applied() -> [[String]] {
        engine.calls.compactMap { call in
            guard case .apply(let routes) = call else { return nil }
            return routes
        }
    }

    @Test func aChangeIsAppliedAndRemembered() async throws {
        let reloader = try await started()
        files.set(Self.config("two"))
        guard case .published(let generation) = await reloader.reload(.request) else {
            Issue.record("not published")
            return
        }
        #expect(generation.number == 2 && generation.cause == .request)
        #expect(generation.changes.map(\.path) == ["routes[one]", "routes[two]"])
        #expect(applied() == [["two"]])
        #expect(await reloader.generations.map(\.number) == [1, 2])
        #expect(events.events.map(\.kind) == [.started, .reloaded])
        #expect(followed.all.last == ["g.yaml"])
    }

    @Test func whatHasNotChangedIsNotApplied() async throws {
        let reloader = try await started()
        guard case .unchanged(1) = await reloader.reload(.signal) else {
            Issue.record("not unchanged")
            return
        }
        #expect(applied().isEmpty)
    }

    @Test func whatIsWrongLeavesEverythingAsItWas() async throws {
        let reloader = try await started()
        files.set("routes: [{ name: a, pth: / }]\n")
        guard case .rejected(let failure) = await reloader.reload(.file) else {
            Issue.record("not rejected")
            return
        }
        #expect(failure.diagnostics.map(\.code) == ["unknown-key"])
        #expect(applied().isEmpty)
        #expect(await reloader.generations.map(\.number) == [1])
        // The file that is wrong is the one to watch.
        #expect(followed.all.last?.contains("g") == true)
        #expect(events.events.last?.kind == .reloadRejected)
        files.set(Self.config("two"))
        engine.failNextApply(ConfigFailure([ConfigDiagnostic(.cannotListen, "no", at: .unknown)]))
        guard case .rejected = await reloader.reload(.file) else {
            Issue.record("not rejected")
            return
        }
        guard case .published = await reloader.reload(.file) else {
            Issue.record("not published")
            return
        }
        #expect(await reloader.generations.map(\.number) == [1, 2])
    }

    @Test func goingBackToWhatIsServedIsWellAgain() async throws {
        let reloader = try await started()
        files.set("routes: nonsense\n")
        _ = await reloader.reload(.file)
        #expect(value(of: "gateway_config_last_reload_success") == 0)
        files.set(Self.config("one"))
        guard case .unchanged(1) = await reloader.reload(.file) else {
            Issue.record("not unchanged")
            return
        }
        #expect(value(of: "gateway_config_last_reload_success") == 1)
    }

    private func value(of name: String) -> Double? {
        events.reloadSamples().first { $0.metric.declaration.name == name }?.value
    }

    @Test func aSignalDoesNotUndoARollback() async throws {
        let reloader = try await started()
        files.set(Self.config("two"))
        _ = await reloader.reload(.request)
        _ = await reloader.rollback(to: 1)
        for cause in [ReloadCause.signal, .file] {
            guard case .unchanged(3) = await reloader.reload(cause) else {
                Issue.record("\(cause) published something")
                return
            }
        }
        // A file that was changed since, or somebody who asks in so many words, is something else.
        guard case .published(let again) = await reloader.reload(.request) else {
            Issue.record("not published")
            return
        }
        #expect(again.number == 4 && applied().last == ["two"])
        _ = await reloader.rollback(to: 1)
        files.set(Self.config("three"))
        guard case .published = await reloader.reload(.signal) else {
            Issue.record("not published")
            return
        }
    }

    @Test func aReloadBeforeTheStartIsRefused() async {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        files.set(Self.config("one"))
        let reloader = Reloader(
            source: files.source, engine: engine, resolver: NameResolver(logger: logger) { _, _ in }, events: events,
            logger: logger
        ) { _, _, _ in }
        guard case .refused = await reloader.reload(.request) else {
            Issue.record("not refused")
            return
        }
        #expect(engine.calls.isEmpty)
    }

    @Test func whoeverAsksBeforeReadingIsServedByOneReload() async throws {
        let reloader = try await started()
        let before = files.readCount
        let gate = Gate()
        files.hold(gate)
        files.set(Self.config("two"))
        let first = Task { await reloader.reload(.request) }
        while files.readCount == before { try await Task.sleep(for: .milliseconds(1)) }
        // The first one has read an older text: those who ask now need another reading, and one is enough for all.
        files.set(Self.config("three"))
        let others = (0..<10).map { _ in Task { await reloader.reload(.request) } }
        try await Task.sleep(for: .milliseconds(50))
        files.hold(nil)
        gate.open()
        _ = await first.value
        for task in others { _ = await task.value }
        #expect(applied() == [["two"], ["three"]])
        #expect(files.readCount - before == 2)
    }

    @Test func goingBackIsANewGeneration() async throws {
        let reloader = try await started()
        for number in 2...13 {
            files.set(Self.config("r\(number)"))
            _ = await reloader.reload(.request)
        }
        #expect(await reloader.generations.map(\.number) == Array(4...13))
        guard case .published(let generation) = await reloader.rollback(to: nil) else {
            Issue.record("not published")
            return
        }
        #expect(generation.number == 14 && generation.cause == .rollback(12))
        #expect(applied().last == ["r12"])
        for unknown in [3, 14, 99, -1] {
            guard case .unknownGeneration = await reloader.rollback(to: unknown) else {
                Issue.record("\(unknown) was found")
                return
            }
        }
        #expect(events.events.last?.kind == .rolledBack)
    }

    @Test func restartOnlySettingsAreWarnedAbout() async throws {
        let reloader = try await started()
        files.set("workers: 3\nadmin: { address: \"127.0.0.1:2\" }\n" + Self.config("one"))
        guard case .published(let generation) = await reloader.reload(.request) else {
            Issue.record("not published")
            return
        }
        #expect(generation.warnings.map(\.code) == ["needs-restart", "needs-restart"])
        #expect(generation.warnings.map(\.path) == ["workers", "admin.address"])
    }
}

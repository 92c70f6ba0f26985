import Config
import ControlPlane
import Synchronization
import Upstream

/// A data plane that does nothing but tell what was asked of it.
final class FakeEngine: GatewayEngine {
    enum Call: Equatable, Sendable {
        case start([String: [String]]), leave, beginDrain, stop, reopenLogs
        case apply(routes: [String])
        case publish(upstream: String, labels: [String])
    }

    private struct State {
        var calls: [Call] = []
        var liveness: [String] = []
        var readiness: [String] = []
        var config = GatewayConfig()
        var generation = 1
        var applyFailure: ConfigFailure?
    }

    private let state = Mutex(State())
    private let startFailure: StartFailure?

    init(startFailure: StartFailure? = nil) {
        self.startFailure = startFailure
    }

    var calls: [Call] { state.withLock(\.calls) }

    func set(liveness: [String] = [], readiness: [String] = []) {
        state.withLock {
            $0.liveness = liveness
            $0.readiness = readiness
        }
    }

    /// The next `apply` fails with this.
    func failNextApply(_ failure: ConfigFailure) { state.withLock { $0.applyFailure = failure } }

    func serve(_ config: GatewayConfig) { state.withLock { $0.config = config } }

    func start(endpoints: [String: [ResolvedTarget]]) throws {
        record(.start(endpoints.mapValues { $0.map(\.label) }))
        if let startFailure { throw startFailure }
    }

    func apply(_ config: GatewayConfig, endpoints: [String: [ResolvedTarget]]) throws(ConfigFailure) -> Int {
        record(.apply(routes: config.routes.map(\.name)))
        let failure = state.withLock { state in
            defer { state.applyFailure = nil }
            if state.applyFailure == nil {
                state.config = config
                state.generation += 1
            }
            return state.applyFailure
        }
        if let failure { throw failure }
        return state.withLock(\.generation)
    }

    func publish(endpoints: [ResolvedTarget], upstream: UpstreamConfig) {
        record(.publish(upstream: upstream.name, labels: endpoints.map(\.label)))
    }

    func releaseGenerations() {}

    var holdsOlderGenerations: Bool { false }

    func reopenLogs() { record(.reopenLogs) }

    func leave() { record(.leave) }

    func beginDrain() { record(.beginDrain) }

    func stop(before deadline: ContinuousClock.Instant) async -> Bool {
        record(.stop)
        return true
    }

    var servedConfig: GatewayConfig { state.withLock(\.config) }

    func workerStatus() -> [WorkerStatus] {
        [
            WorkerStatus(
                index: 0, generation: state.withLock(\.generation), connectionCount: 3,
                sinceLastTurn: .milliseconds(12), isRunning: true)
        ]
    }

    func upstreamStatus() -> [UpstreamStatus] {
        servedConfig.upstreams.map { upstream in
            UpstreamStatus(
                name: upstream.name, config: upstream,
                targets: upstream.targets.map {
                    UpstreamStatus.Target(written: $0, address: "\($0.host):\($0.port)", weight: $0.weight)
                })
        }
    }

    var listenerAddresses: [String] { ["127.0.0.1:8080"] }

    func livenessProblems() -> [String] { state.withLock(\.liveness) }

    func readinessProblems() -> [String] { state.withLock(\.readiness) }

    func metricsText(openMetrics: Bool) -> [UInt8] {
        Array((openMetrics ? "# EOF\n" : "up 1\n").utf8)
    }

    private func record(_ call: Call) {
        state.withLock { $0.calls.append(call) }
    }
}

import ControlPlane
import Synchronization
import Upstream

/// A data plane that does nothing but tell what was asked of it.
final class FakeEngine: GatewayEngine {
    enum Call: Equatable, Sendable {
        case start, beginDrain, stop
        case publish(upstream: String, labels: [String])
    }

    private let state = Mutex<(calls: [Call], liveness: [String], readiness: [String])>(([], [], []))
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

    func start() throws {
        record(.start)
        if let startFailure { throw startFailure }
    }

    func publish(endpoints: [ResolvedTarget], upstream: String) {
        record(.publish(upstream: upstream, labels: endpoints.map(\.label)))
    }

    func beginDrain() { record(.beginDrain) }

    func stop() async { record(.stop) }

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

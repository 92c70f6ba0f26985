/// What the admin API tells about the running gateway. Called from the admin server's threads: answers come from
/// atomics and snapshots, never from a worker's own memory.
package protocol GatewayStatus: Sendable {
    /// Why the process should be restarted, one sentence each; empty while it lives.
    func livenessProblems() -> [String]
    /// Why the process should get no new requests, one sentence each; empty when it is ready.
    func readinessProblems() -> [String]
    /// All metrics, as Prometheus text 0.0.4 or as OpenMetrics 1.0.0.
    func metricsText(openMetrics: Bool) -> [UInt8]
}

package import Config

/// What the admin API tells about the running data plane. Called from the admin server's threads: answers come from
/// atomics and snapshots, never from a worker's own memory.
package protocol GatewayStatus: Sendable {
    /// Why the process should be restarted, one sentence each; empty while it lives.
    func livenessProblems() -> [String]
    /// Why the process should get no new requests, one sentence each; empty when it is ready.
    func readinessProblems() -> [String]
    /// All metrics, as Prometheus text 0.0.4 or as OpenMetrics 1.0.0.
    func metricsText(openMetrics: Bool) -> [UInt8]
    /// The configuration that new requests are served by.
    var servedConfig: GatewayConfig { get }
    func workerStatus() -> [WorkerStatus]
    /// In the order of their names.
    func upstreamStatus() -> [UpstreamStatus]
    /// In the order of their names.
    func filterStatus() -> [FilterStatus]
}

extension GatewayStatus {
    package func filterStatus() -> [FilterStatus] { [] }
}

/// One script, over all workers.
package struct FilterStatus: Sendable, Equatable {
    package var script: String
    package var hash: String
    package var version: String
    package var path: String
    /// Names under `middleware`, and of routes that have their own.
    package var uses: [String] = []
    package var phases: [String] = []
    package var isRolledBack = false
    package var calls = 0
    package var errors = 0
    package var kills = 0
    package var cpuNanoseconds: Int64 = 0
    package var byteCount = 0
    package var openBreakers = 0

    package init(script: String, hash: String, version: String, path: String) {
        self.script = script
        self.hash = hash
        self.version = version
        self.path = path
    }
}

package struct WorkerStatus: Sendable, Equatable {
    package var index: Int
    package var generation: Int
    /// Client connections open now.
    package var connectionCount: Int
    package var sinceLastTurn: Duration
    package var isRunning: Bool

    package init(index: Int, generation: Int, connectionCount: Int, sinceLastTurn: Duration, isRunning: Bool) {
        self.index = index
        self.generation = generation
        self.connectionCount = connectionCount
        self.sinceLastTurn = sinceLastTurn
        self.isRunning = isRunning
    }
}

package struct UpstreamStatus: Sendable, Equatable {
    package struct Target: Sendable, Equatable {
        /// As configured.
        package var written: UpstreamConfig.Target?
        package var address: String
        package var weight: Int
        /// Requests sent to it since the start, and those among them that got no answer or one of 500 to 599.
        package var requestCount = 0
        package var errorCount = 0

        package init(written: UpstreamConfig.Target?, address: String, weight: Int) {
            self.written = written
            self.address = address
            self.weight = weight
        }
    }

    package var name: String
    package var config: UpstreamConfig
    package var targets: [Target]
    /// Connections that serve a request, and those kept for the next one.
    package var activeCount = 0
    package var idleCount = 0

    package init(name: String, config: UpstreamConfig, targets: [Target]) {
        self.name = name
        self.config = config
        self.targets = targets
    }
}

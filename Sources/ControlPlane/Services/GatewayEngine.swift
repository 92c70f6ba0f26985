package import Config
package import Plugins
package import Telemetry
package import Upstream

/// The data plane as the services see it: started once, changed by generations, told of endpoints, drained, stopped.
package protocol GatewayEngine: GatewayStatus {
    /// Binds every listener of the configuration that it was made with, and starts the workers.
    ///
    /// - Parameter endpoints: the addresses of each upstream that are known by now.
    /// - Throws: `StartFailure` when a listener cannot be bound.
    func start(endpoints: [String: [ResolvedTarget]]) throws
    /// Puts `config` in place of the running one, for every request that begins from now on; returns when all workers
    /// serve it, or after ten seconds. On an error nothing has changed. One caller at a time.
    ///
    /// - Returns: the number of the new generation.
    func apply(_ config: GatewayConfig, endpoints: [String: [ResolvedTarget]]) throws(ConfigFailure) -> Int
    /// The addresses that `upstream` has from now on; nothing happens when its configuration is no longer in force.
    func publish(endpoints: [ResolvedTarget], upstream: UpstreamConfig)
    /// Frees what only ended requests needed.
    func releaseGenerations()
    /// Whether there may be something to free.
    var holdsOlderGenerations: Bool { get }
    /// Opens log files again.
    func reopenLogs()
    /// From now on the gateway is not ready and asks clients to go elsewhere, but still takes whoever comes.
    func leave()
    /// Stops accepting and closes idle connections.
    func beginDrain()
    /// Ends when every request has, or at `deadline`; then closes everything.
    ///
    /// - Returns: whether every request ended by itself.
    func stop(before deadline: ContinuousClock.Instant) async -> Bool
    /// What scripts have logged since this was asked last.
    func readScriptLogs() -> [ScriptLogLine]
    var servesScripts: Bool { get }
    /// Where the keys of that URL are left for the workers.
    func keyCell(for url: String) -> JWTKeyCell
    /// Adds a source of values that is asked at every scrape.
    func collect(_ source: @escaping @Sendable () -> [MetricRegistry.Sample])
    /// Where the gateway listens, with the ports in force.
    var listenerAddresses: [String] { get }
}

extension GatewayEngine {
    package func readScriptLogs() -> [ScriptLogLine] { [] }
    package var servesScripts: Bool { false }
    package func keyCell(for url: String) -> JWTKeyCell { JWTKeyCell(url: url) }
    package func collect(_ source: @escaping @Sendable () -> [MetricRegistry.Sample]) {}
}

/// A line that a script logged, or that was logged about one.
package struct ScriptLogLine: Sendable {
    package var level: FilterLogLevel
    package var message: [UInt8]
    /// A JSON object.
    package var fields: [UInt8]

    package init(level: FilterLogLevel, message: [UInt8], fields: [UInt8]) {
        self.level = level
        self.message = message
        self.fields = fields
    }
}

package import Upstream

/// The data plane as the services see it: started once, told of endpoints, drained, stopped.
package protocol GatewayEngine: GatewayStatus {
    /// Binds every listener and starts the workers.
    ///
    /// - Throws: `StartFailure` when a listener cannot be bound.
    func start() throws
    /// The addresses that `upstream` has from now on; may be called before `start`, then for any thread.
    func publish(endpoints: [ResolvedTarget], upstream: String)
    /// From now on the gateway is not ready, and answers ask clients to leave.
    func beginDrain()
    /// Ends when every request has, or the drain timeout has passed; then closes everything.
    func stop() async
    /// Where the gateway listens, with the ports in force, for the start log.
    var listenerAddresses: [String] { get }
}

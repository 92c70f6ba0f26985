package import Config
import Synchronization

/// One upstream on one worker: its endpoints, and the choice among them.
///
/// - Threads: one worker's own; workers agree through the plan and through `EndpointShared`.
package final class Cluster {
    package let config: UpstreamConfig
    package var endpoints: [Endpoint] { current }
    private var current: [Endpoint] = []
    private let shared: ClusterShared
    private let balancer: Balancer
    private let countsShared: Bool

    package init(config: UpstreamConfig, workerIndex: Int, shared: ClusterShared) {
        self.config = config
        self.shared = shared
        balancer = Balancer(config.balance, workerIndex: workerIndex)
        countsShared = balancer.comparesLoad
    }

    /// Whether any address is known. False means that no name of the upstream has resolved yet.
    package var isResolved: Bool { !current.isEmpty }

    /// Takes over a new set of addresses. Endpoints whose target and address are unchanged stay, with their idle
    /// connections and counts.
    ///
    /// - Returns: the endpoints that are gone, marked `isRemoved`; the caller closes their idle connections.
    package func replaceEndpoints(_ plan: BalancePlan) -> [Endpoint] {
        var known: [ResolvedTarget.Identity: Endpoint] = [:]
        for endpoint in current { known[endpoint.identity] = endpoint }
        current = plan.targets.map { target in
            if let kept = known.removeValue(forKey: target.identity) {
                kept.currentWeight = target.weight
                return kept
            }
            return Endpoint(target, hostHeader: hostHeader(target), shared: shared.endpoint(at: target.address))
        }
        balancer.adopt(plan, endpoints: current)
        let removed = Array(known.values)
        for endpoint in removed { endpoint.isGone = true }
        return removed
    }

    /// Marks every endpoint as gone, because no newer configuration has this cluster; requests that began with it may
    /// still choose one, over connections that are not kept.
    package func retire() {
        for endpoint in current { endpoint.isGone = true }
    }

    /// `replaceEndpoints` for callers without a prepared plan.
    package func replaceEndpoints(_ resolved: [ResolvedTarget]) -> [Endpoint] {
        replaceEndpoints(BalancePlan(resolved, balance: config.balance))
    }

    private func hostHeader(_ target: ResolvedTarget) -> [UInt8] {
        guard config.targets.indices.contains(target.targetIndex) else { return Array(target.label.utf8) }
        let written = config.targets[target.targetIndex]
        let host = written.host.contains(":") ? "[\(written.host)]" : written.host
        return Array((written.port == (written.scheme == .https ? 443 : 80) ? host : "\(host):\(written.port)").utf8)
    }

    /// The endpoint for the next try, or nil when none may be used.
    ///
    /// - Parameters:
    ///   - hash: `hashKey` of what the `hash` policy balances by; ignored by the others.
    ///   - excluded: the endpoint that failed just now; never chosen, even when it is the only one.
    package func choose(hash: UInt64 = 0, excluding excluded: Endpoint? = nil) -> Endpoint? {
        balancer.choose(hash: hash, excluding: excluded)
    }

    /// Counts a request as under way at `endpoint`. Each `begin` needs one `end`, on the same cluster.
    package func begin(_ endpoint: Endpoint) {
        endpoint.inFlightCount += 1
        if countsShared { endpoint.shared.inFlight.wrappingAdd(1, ordering: .relaxed) }
    }

    package func end(_ endpoint: Endpoint) {
        precondition(endpoint.inFlightCount > 0, "a request ended that never began")
        endpoint.inFlightCount -= 1
        if countsShared { endpoint.shared.inFlight.wrappingSubtract(1, ordering: .relaxed) }
    }
}

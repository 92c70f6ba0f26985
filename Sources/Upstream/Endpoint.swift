package import Bytes
package import Synchronization

/// One address of an upstream as one worker sees it.
///
/// - Threads: one worker's own; only `shared` is seen by others.
package final class Endpoint {
    package let address: SocketAddress
    /// Index into `UpstreamConfig.targets`.
    package let targetIndex: Int
    /// `host:port`, for logs and the `target` label.
    package let label: String
    package let labelBytes: [UInt8]
    /// The authority that requests to it carry unless a route rewrites it: the target's host, and its port if not 80.
    package let hostHeader: [UInt8]
    /// 0: gets no new requests.
    package var weight: Int { currentWeight }
    package let shared: EndpointShared
    package let idle = IdlePool()
    /// Requests of this worker under way.
    package var inFlight: Int { inFlightCount }
    /// No longer an address of the upstream: requests under way finish, then its connections are closed.
    package var isRemoved: Bool { isGone }
    /// The id of `label` among the metric label values; the data plane sets and reads it.
    package var targetSeries: UInt32 {
        get { targetLabel }
        set { targetLabel = newValue }
    }

    // Not visible outside the module, so that no access to them is checked at run time.
    var currentWeight: Int
    var inFlightCount = 0
    var isGone = false
    private var targetLabel: UInt32 = 0

    var identity: ResolvedTarget.Identity {
        ResolvedTarget.Identity(targetIndex: targetIndex, address: address, label: label)
    }

    init(_ target: ResolvedTarget, hostHeader: [UInt8], shared: EndpointShared) {
        address = target.address
        targetIndex = target.targetIndex
        label = target.label
        labelBytes = Array(target.label.utf8)
        currentWeight = target.weight
        self.hostHeader = hostHeader
        self.shared = shared
    }
}

/// What all workers know about one address of an upstream; it outlives reloads.
package final class EndpointShared: Sendable {
    /// Requests under way over all workers; kept only under policies that compare it.
    package let inFlight = Atomic<Int>(0)

    package init() {}
}

/// One address that a target stands for; a host name with three addresses makes three of these.
package struct ResolvedTarget: Sendable, Hashable {
    package var targetIndex: Int
    package var address: SocketAddress
    package var weight: Int
    package var label: String

    /// What makes two of these the same endpoint; a change of weight does not make another one.
    struct Identity: Hashable {
        let targetIndex: Int
        let address: SocketAddress
        let label: String
    }

    var identity: Identity { Identity(targetIndex: targetIndex, address: address, label: label) }

    package init(targetIndex: Int, address: SocketAddress, weight: Int, label: String) {
        self.targetIndex = targetIndex
        self.address = address
        self.weight = weight
        self.label = label
    }
}

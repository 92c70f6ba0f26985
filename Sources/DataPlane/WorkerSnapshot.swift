package import Bytes
package import HTTP
package import Plugins
package import Routing
package import Telemetry

/// One generation of the configuration as one worker runs it.
///
/// Built by the control plane for exactly one worker and handed over once, so that nothing in it, reference counts
/// included, is shared with another worker. Exchanges keep the one they began with.
package final class WorkerSnapshot {
    package let generation: Int
    let table: RouteTable
    let routes: [Route]
    package let pools: [UpstreamPool]
    let limits: RequestLimits
    let timeouts: Timeouts
    let trustedProxies: [AddressBlock]
    /// The largest body of requests that no route has matched.
    let bodyLimit: Int
    /// Requests that no route took are counted here.
    let unmatched: RouteSeries
    /// nil: no line is written.
    let accessLog: AccessLog?
    package let programs: [LuaProgram]

    /// Nanoseconds; 0 is no limit.
    package struct Timeouts: Sendable {
        let requestHead: Int64
        let bodyIdle: Int64
        let keepAlive: Int64
        let request: Int64

        package init(requestHead: Duration, bodyIdle: Duration, keepAlive: Duration, request: Duration) {
            self.requestHead = requestHead.nanoseconds
            self.bodyIdle = bodyIdle.nanoseconds
            self.keepAlive = keepAlive.nanoseconds
            self.request = request.nanoseconds
        }
    }

    package init(
        generation: Int, table: RouteTable, routes: [Route], pools: [UpstreamPool], limits: RequestLimits,
        timeouts: Timeouts, trustedProxies: [AddressBlock], bodyLimit: Int, unmatched: RouteSeries,
        accessLog: AccessLog? = nil, programs: [LuaProgram] = []
    ) {
        self.generation = generation
        self.table = table
        self.routes = routes
        self.pools = pools
        self.limits = limits
        self.timeouts = timeouts
        self.trustedProxies = trustedProxies
        self.bodyLimit = bodyLimit
        self.unmatched = unmatched
        self.accessLog = accessLog
        self.programs = programs
    }

    /// The pool of an upstream, whether routes use it or not.
    func pool(named name: Span<UInt8>) -> UpstreamPool? {
        for pool in pools {
            let own = pool.nameBytes
            if ASCII.equal(own.span, name) { return pool }
        }
        return nil
    }

    func trusts(_ address: IPAddress?) -> Bool {
        guard !trustedProxies.isEmpty else { return false }
        // Whoever may open a unix socket is on this machine and was let in by file permissions.
        guard let address else { return true }
        for block in trustedProxies where block.contains(address) { return true }
        return false
    }
}

extension Instant {
    /// The deadline `timeout` nanoseconds from here; 0 is none.
    func deadline(after timeout: Int64) -> Instant {
        timeout == 0 ? .distantFuture : advanced(byNanoseconds: timeout)
    }
}

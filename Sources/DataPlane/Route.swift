import Bytes
import HTTP
package import Plugins
package import Routing
package import Telemetry

/// One route as one worker runs it: everything that the path of a request needs, compiled.
package final class Route {
    package enum Action {
        case forward(UpstreamPool)
        case split(SplitAction)
        case redirect(status: Int, location: LocationTemplate)
        case respond(LocalResponse)
    }

    package struct Mirror {
        let pool: UpstreamPool
        let share: RandomShare

        /// `sample` is the share of requests, 0...1.
        package init(pool: UpstreamPool, sample: Double) {
            self.pool = pool
            share = RandomShare(sample)
        }
    }

    package let name: String
    /// As the access log writes it.
    let nameBytes: [UInt8]
    /// The literal start of its path, for scripts.
    let prefixBytes: [UInt8]
    package let action: Action
    package let rewrite: PathRewrite?
    /// The rewrite holds what filters set.
    let rewritesBehindFilters: Bool
    package let mirror: Mirror?
    package let filters: FilterChain?
    /// Nanoseconds; 0 is no limit.
    package let requestTimeout: Int64
    package let bodyIdleTimeout: Int64
    /// Bytes.
    package let bodyLimit: Int
    package let series: RouteSeries

    package struct Settings: Sendable {
        package var requestTimeout: Duration
        package var bodyIdleTimeout: Duration
        package var bodyLimit: Int

        package init(requestTimeout: Duration, bodyIdleTimeout: Duration, bodyLimit: Int) {
            self.requestTimeout = requestTimeout
            self.bodyIdleTimeout = bodyIdleTimeout
            self.bodyLimit = bodyLimit
        }
    }

    package init(
        name: String, prefix: String = "", action: Action, rewrite: PathRewrite?, mirror: Mirror?,
        filters: FilterChain?,
        settings: Settings, series: RouteSeries
    ) {
        self.name = name
        nameBytes = Array(name.utf8)
        prefixBytes = Array(prefix.utf8)
        self.action = action
        self.rewrite = rewrite
        rewritesBehindFilters = rewrite?.readsVariables ?? false
        self.mirror = mirror
        self.filters = filters
        requestTimeout = settings.requestTimeout.nanoseconds
        bodyIdleTimeout = settings.bodyIdleTimeout.nanoseconds
        bodyLimit = settings.bodyLimit
        self.series = series
    }
}

/// A weighted choice between upstreams, made afresh for each request.
package final class SplitAction {
    private let pools: [UpstreamPool]
    /// Running sums of the weights.
    private let bounds: [UInt64]

    /// - Precondition: the weights have a positive sum.
    package init(_ parts: [(pool: UpstreamPool, weight: Int)]) {
        var sum: UInt64 = 0
        var bounds: [UInt64] = []
        for part in parts {
            sum += UInt64(part.weight)
            bounds.append(sum)
        }
        precondition(sum > 0, "a split without weight")
        self.bounds = bounds
        pools = parts.map(\.pool)
    }

    /// The pool for a uniformly random `word`.
    func pool(for word: UInt64) -> UpstreamPool {
        let point = word % (bounds.last ?? 1)
        var index = 0
        while index < bounds.count - 1 && point >= bounds[index] { index += 1 }
        return pools[index]
    }
}

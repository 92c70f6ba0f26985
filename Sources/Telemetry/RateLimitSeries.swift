/// What a limit decided: `decision` of `gateway_rate_limit_decisions_total`.
package enum LimitDecision: UInt8, CaseIterable, Sendable {
    case allowed, limited
    /// It would have been limited, but the limit only watches.
    case shadowed
    /// Shared counters did not answer; what was decided instead is counted too.
    case storeError

    package var label: StaticString {
        switch self {
        case .allowed: "allowed"
        case .limited: "limited"
        case .shadowed: "shadowed"
        case .storeError: "store_error"
        }
    }
}

/// The decisions of one limit on one worker.
///
/// - Threads: the worker's own, once it counts.
package final class RateLimitSeries {
    private let shard: MetricShard
    private let limit: UInt32
    private var cells = [Int](repeating: -1, count: LimitDecision.allCases.count)

    /// - Parameter limit: the id of its name in `MetricRegistry.filters`.
    package init(shard: MetricShard, limit: UInt32) {
        self.shard = shard
        self.limit = limit
    }

    package func count(_ decision: LimitDecision) {
        let index = Int(decision.rawValue)
        if cells[index] < 0 {
            cells[index] = shard.cell(SeriesKey(.rateLimitDecisions, a: limit, c: UInt16(decision.rawValue)))
        }
        shard.add(cells[index])
    }
}

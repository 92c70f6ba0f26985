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
    private let cells: DecisionCells

    /// - Parameter limit: the id of its name in `MetricRegistry.filters`.
    package init(shard: MetricShard, limit: UInt32) {
        cells = DecisionCells(
            shard: shard, metric: .rateLimitDecisions, name: limit, decisionCount: LimitDecision.allCases.count)
    }

    package func count(_ decision: LimitDecision) { cells.count(decision.rawValue) }
}

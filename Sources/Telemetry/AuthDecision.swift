/// What authentication decided: `decision` of `gateway_auth_decisions_total`, and `auth` in the access log.
///
/// Raw values are label ids of this process only.
package enum AuthDecision: UInt8, CaseIterable, Sendable {
    case granted
    /// No credential, which the route allows.
    case anonymous
    case missing
    /// Not what a credential looks like.
    case malformed
    /// A key, user or signature that is not known or does not fit.
    case invalid
    /// A token that names a key which is not there.
    case unknownKey
    /// A token whose algorithm or header is not accepted.
    case unacceptable
    case expired, notYetValid
    case wrongIssuer, wrongAudience
    /// A claim that has to be there is missing or of the wrong type.
    case badClaim
    /// Known, and not allowed: a claim's value, a scope, an address.
    case forbidden
    /// Nobody can tell now: keys were never fetched, the authority does not answer.
    case unavailable

    package var label: StaticString {
        switch self {
        case .granted: "granted"
        case .anonymous: "anonymous"
        case .missing: "missing"
        case .malformed: "malformed"
        case .invalid: "invalid"
        case .unknownKey: "unknown_key"
        case .unacceptable: "unacceptable"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .wrongIssuer: "wrong_issuer"
        case .wrongAudience: "wrong_audience"
        case .badClaim: "bad_claim"
        case .forbidden: "forbidden"
        case .unavailable: "unavailable"
        }
    }
}

/// The decisions of one filter on one worker.
///
/// - Threads: the worker's own, once it counts.
package final class AuthenticationSeries {
    private let cells: DecisionCells

    /// - Parameter filter: the id of its name in `MetricRegistry.filters`.
    package init(shard: MetricShard, filter: UInt32) {
        cells = DecisionCells(
            shard: shard, metric: .authDecisions, name: filter, decisionCount: AuthDecision.allCases.count)
    }

    package func count(_ decision: AuthDecision) { cells.count(decision.rawValue) }
}

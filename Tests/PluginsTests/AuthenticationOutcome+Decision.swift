import Telemetry

@testable import Plugins

extension AuthenticationOutcome {
    /// What the log says of it; nil while it is pending.
    var decision: AuthDecision? {
        switch self {
        case .granted: .granted
        case .refused(let decision, _), .forbidden(let decision, _), .unavailable(let decision): decision
        case .pending: nil
        }
    }
}

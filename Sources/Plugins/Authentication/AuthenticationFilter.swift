import HTTP
package import Telemetry

/// Lets a request pass when one of its authenticators knows the client.
///
/// A route that lists several such filters asks all of them; one filter with several authenticators asks until one
/// grants. Reasons go to the log and the metrics, never into the answer.
package final class AuthenticationFilter: Filter {
    package let name: String
    package var phases: FilterPhases { [] }
    private let authenticators: [any Authenticator]
    /// A request without any credential passes as nobody's; one with a bad credential does not.
    private let isOptional: Bool
    private let series: [AuthenticationSeries]

    /// - Parameter series: one for each authenticator.
    package init(
        name: String, authenticators: [any Authenticator], isOptional: Bool, series: [AuthenticationSeries]
    ) {
        precondition(authenticators.count == series.count, "each authenticator has its own figures")
        self.name = name
        self.authenticators = authenticators
        self.isOptional = isOptional
        self.series = series
    }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        for authenticator in authenticators { authenticator.clean(exchange) }
        var refusal: (index: Int, outcome: AuthenticationOutcome)?
        for index in authenticators.indices {
            let outcome = authenticators[index].authenticate(exchange)
            if case .granted(let identity) = outcome {
                series[index].count(.granted)
                exchange.authenticated(.granted, as: identity)
                authenticators[index].admit(identity, exchange)
                return .proceed
            }
            // What a credential that was sent is refused for says more than that there is no other one.
            if refusal == nil || refusal?.outcome.weight ?? 0 < outcome.weight { refusal = (index, outcome) }
        }
        guard let refusal else { return .proceed }
        if isOptional, case .refused(.missing, _) = refusal.outcome {
            for authenticator in authenticators { authenticator.admitAnonymous(exchange) }
            return note(.anonymous, refusal.index, exchange)
        }
        return refuse(refusal.outcome, at: refusal.index, exchange)
    }

    private func note(_ decision: AuthDecision, _ index: Int, _ exchange: any FilterExchange) -> FilterVerdict {
        series[index].count(decision)
        if exchange.authDecision == nil { exchange.authenticated(decision, as: nil) }
        return .proceed
    }

    private func refuse(
        _ outcome: AuthenticationOutcome, at index: Int, _ exchange: any FilterExchange
    ) -> FilterVerdict {
        var response = LocalResponse(status: 401, reason: .unauthenticated)
        let decision: AuthDecision
        switch outcome {
        case .granted: return .proceed
        case .refused(let reason, let error):
            decision = reason
            response.headers = challenges(error.map { Self.parameter("error", Self.bytes($0)) } ?? [], at: index)
        case .forbidden(let reason, let scope):
            decision = reason
            response = LocalResponse(status: 403, reason: .forbidden)
            var parameters = Self.parameter("error", Array("insufficient_scope".utf8))
            if !scope.isEmpty { parameters += Array(", ".utf8) + Self.parameter("scope", scope) }
            let challenge = authenticators[index].challenge
            if Self.isBearer(challenge) { response.headers = [Self.header(challenge, parameters)] }
        case .unavailable(let reason):
            decision = reason
            response = LocalResponse(status: 503, reason: .authUnavailable)
            response.headers = [HeaderPair(name: Array("retry-after".utf8), value: Array("5".utf8))]
        }
        series[index].count(decision)
        exchange.authenticated(decision, as: nil)
        return .respond(response)
    }

    /// What the client may try, the parameters with the one that it tried.
    private func challenges(_ parameters: [UInt8], at index: Int) -> [HeaderPair] {
        authenticators.indices.compactMap { position in
            let challenge = authenticators[position].challenge
            guard !challenge.isEmpty else { return nil }
            return Self.header(challenge, position == index && Self.isBearer(challenge) ? parameters : [])
        }
    }

    private static func header(_ challenge: [UInt8], _ parameters: [UInt8]) -> HeaderPair {
        HeaderPair(
            name: Array("www-authenticate".utf8),
            value: parameters.isEmpty ? challenge : challenge + Array(", ".utf8) + parameters)
    }

    /// RFC 6750 §3 alone defines parameters for errors.
    private static func isBearer(_ challenge: [UInt8]) -> Bool { challenge.starts(with: "Bearer ".utf8) }

    private static func parameter(_ name: String, _ value: [UInt8]) -> [UInt8] {
        Array("\(name)=\"".utf8) + value + [UInt8(ascii: "\"")]
    }

    private static func bytes(_ text: StaticString) -> [UInt8] { Array("\(text)".utf8) }
}

extension AuthenticationOutcome {
    /// Which of several refusals is told.
    fileprivate var weight: Int {
        switch self {
        case .granted: 0
        case .refused(.missing, _): 1
        case .refused: 2
        case .unavailable: 3
        case .forbidden: 4
        }
    }
}

import HTTP
package import Telemetry

/// Lets a request pass when one of its authenticators knows the client.
///
/// A route that lists several such filters asks all of them; one filter with several authenticators asks until one
/// grants. Reasons go to the log and the metrics, never into the answer.
package final class AuthenticationFilter: Filter {
    package let name: String
    package let phases: FilterPhases
    private var slot = 0
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
        phases = authenticators.contains { $0.mayWait } ? .log : []
        self.authenticators = authenticators
        self.isOptional = isOptional
        self.series = series
    }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        for authenticator in authenticators { authenticator.clean(exchange) }
        return ask(from: 0, after: nil, exchange)
    }

    package func place(at slot: Int) { self.slot = slot }

    package func onLog(_ exchange: any FilterExchange) {
        guard let pending = exchange.state(of: slot) as? PendingAuthentication else { return }
        pending.cancel()
        exchange.setState(of: slot, nil)
    }

    /// The authenticator that came closest, and what it said.
    private typealias Refusal = (index: Int, outcome: AuthenticationOutcome)

    /// Asks the authenticators from `first` on, until one grants or has to wait.
    private func ask(from first: Int, after earlier: Refusal?, _ exchange: any FilterExchange) -> FilterVerdict {
        var refusal = earlier
        for index in first..<authenticators.count {
            let outcome = authenticators[index].authenticate(exchange)
            if case .granted(let identity) = outcome { return admit(identity, by: index, exchange) }
            if case .pending(let pending) = outcome {
                let earlier = refusal
                exchange.setState(of: slot, pending)
                pending.whenSettled { [self] outcome in
                    exchange.setState(of: slot, nil)
                    exchange.resume(with: goOn(with: outcome, of: index, after: earlier, exchange))
                }
                return .suspend
            }
            refusal = Self.closer(refusal, (index, outcome))
        }
        return conclude(refusal, exchange)
    }

    /// What was pending is known.
    private func goOn(
        with outcome: AuthenticationOutcome, of index: Int, after earlier: Refusal?, _ exchange: any FilterExchange
    ) -> FilterVerdict {
        if case .granted(let identity) = outcome { return admit(identity, by: index, exchange) }
        return ask(from: index + 1, after: Self.closer(earlier, (index, outcome)), exchange)
    }

    private func admit(_ identity: ClientIdentity, by index: Int, _ exchange: any FilterExchange) -> FilterVerdict {
        series[index].count(.granted)
        exchange.authenticated(.granted, as: identity)
        authenticators[index].admit(identity, exchange)
        return .proceed
    }

    /// What a credential that was sent is refused for says more than that there is no other one.
    private static func closer(_ earlier: Refusal?, _ next: Refusal) -> Refusal {
        guard let earlier, earlier.outcome.weight >= next.outcome.weight else { return next }
        return earlier
    }

    /// Nobody has granted.
    private func conclude(_ refusal: Refusal?, _ exchange: any FilterExchange) -> FilterVerdict {
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
        case .granted, .pending: return .proceed
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
        case .granted, .pending: 0
        case .refused(.missing, _): 1
        case .refused: 2
        case .unavailable: 3
        case .forbidden: 4
        }
    }
}

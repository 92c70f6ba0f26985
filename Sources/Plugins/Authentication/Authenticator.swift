package import Telemetry

/// One way to find out who a client is; an `AuthenticationFilter` runs it.
///
/// - Threads: one worker's own.
package protocol Authenticator: AnyObject {
    /// The name under `middleware`.
    var name: String { get }
    /// A value of `WWW-Authenticate` without parameters of an error, such as `Bearer realm="gateway"`
    /// (RFC 9110 §11.6.1); empty where the client has no such way to ask.
    var challenge: [UInt8] { get }

    /// Whether it may have to wait for something before it knows.
    var mayWait: Bool { get }

    /// Leaves out what a client may have sent in place of what this filter sets. Runs for every request, before any
    /// credential is looked at.
    func clean(_ exchange: any FilterExchange)
    /// Looks at the request; changes nothing.
    func authenticate(_ exchange: any FilterExchange) -> AuthenticationOutcome
    /// The request goes on as this client: takes credentials out of it, and puts in what the upstream is to know.
    func admit(_ identity: ClientIdentity, _ exchange: any FilterExchange)
    /// The request goes on without a client.
    func admitAnonymous(_ exchange: any FilterExchange)
}

extension Authenticator {
    package var mayWait: Bool { false }
    package func clean(_ exchange: any FilterExchange) {}
    package func admit(_ identity: ClientIdentity, _ exchange: any FilterExchange) {}
    package func admitAnonymous(_ exchange: any FilterExchange) {}
}

/// What an authenticator found.
package enum AuthenticationOutcome {
    case granted(ClientIdentity)
    /// 401: no credential, or one that is no good. `error` is RFC 6750's, and goes into the challenge.
    case refused(AuthDecision, error: StaticString? = nil)
    /// 403: the client is known, and may not do this. `scope` is what it would need.
    case forbidden(AuthDecision, scope: [UInt8] = [])
    /// 503: what is needed to decide is not there.
    case unavailable(AuthDecision)
    /// It will be known later; never an outcome of what was pending.
    case pending(PendingAuthentication)
}

/// What an authenticator still has to find out.
///
/// - Threads: one worker's own.
package final class PendingAuthentication {
    private var decide: ((AuthenticationOutcome) -> Void)?

    package init() {}

    /// False once it is settled, or nobody waits any more.
    package var isAwaited: Bool { decide != nil }

    /// Has `decide` called with what is found; never within this call.
    func whenSettled(_ decide: @escaping (AuthenticationOutcome) -> Void) { self.decide = decide }

    /// The exchange has ended.
    func cancel() { decide = nil }

    package func settle(_ outcome: AuthenticationOutcome) {
        let decide = decide
        self.decide = nil
        decide?(outcome)
    }
}

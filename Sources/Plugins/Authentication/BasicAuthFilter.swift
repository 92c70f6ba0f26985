import Bytes
package import Config
import HTTP
package import Telemetry

/// `basic-auth`: names and passwords (RFC 7617). Hashes are compared away from the worker while the request waits, and
/// a password that was right is remembered for a while, so that not each request waits.
package final class BasicAuthFilter: Filter {
    package let name: String
    package var phases: FilterPhases { .log }
    private var slot = 0
    private let users: [[UInt8]: String]
    /// What unknown names are compared with, so that they take as long as known ones.
    private let otherHash: String
    private let source = CredentialSource(CredentialSourceConfig(.header, "authorization"), scheme: "Basic")
    private let challenge: HeaderPair
    private let userHeader: [UInt8]?
    private let forwards: Bool
    private let isOptional: Bool
    private let ttl: Int64
    private let checks: PasswordChecks
    private let series: AuthenticationSeries
    /// By the credential as it was sent.
    private var known: [[UInt8]: (identity: ClientIdentity, until: Instant)] = [:]

    private static let knownMax = 4096

    /// A request that waits for its password to be compared.
    private final class Pending {
        var isCancelled = false
    }

    package init(
        name: String, _ config: BasicAuthFilterConfig, checks: PasswordChecks, series: AuthenticationSeries
    ) {
        self.name = name
        self.checks = checks
        self.series = series
        var users: [[UInt8]: String] = [:]
        for user in config.users + config.fileUsers { users[Array(user.name.utf8)] = user.hash }
        self.users = users
        otherHash = (config.users + config.fileUsers).first?.hash ?? ""
        challenge = HeaderPair(
            name: Array("www-authenticate".utf8),
            value: Array("Basic realm=\"\(config.realm.replacing("\"", with: "'"))\", charset=\"UTF-8\"".utf8))
        userHeader = config.userHeader.map { Array($0.lowercased().utf8) }
        forwards = config.forward
        isOptional = config.isOptional
        ttl = config.cacheTTL.nanoseconds
    }

    package func place(at slot: Int) { self.slot = slot }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        if let userHeader { exchange.removeSpellings(of: userHeader) }
        var credential: [UInt8] = []
        guard source.withCredential(of: exchange, { credential = Array(copying: $0) }) == .found else {
            guard isOptional, exchange.requestField(.authorization) == nil else {
                return refuse(.missing, exchange)
            }
            series.count(.anonymous)
            if exchange.authDecision == nil { exchange.authenticated(.anonymous, as: nil) }
            return .proceed
        }
        if let found = known[credential] {
            if exchange.now < found.until { return admit(found.identity, exchange) }
            known[credential] = nil
        }
        guard credential.count <= 1024, let data = TokenBase64.decodePadded(credential),
            let colon = data.firstIndex(of: UInt8(ascii: ":"))
        else { return refuse(.malformed, exchange) }
        let user = Array(data[..<colon])
        let password = Array(data[(colon + 1)...])
        let hash = users[user]
        let pending = Pending()
        let check = PasswordCheck()
        var isTaken = false
        exchange.host.elsewhere({ done in
            isTaken = checks.start(password, against: hash ?? otherHash, check, done)
        }) { [self] in
            guard !pending.isCancelled else { return }
            pending.isCancelled = true
            guard check.result == true, hash != nil else { return exchange.resume(with: refuse(.invalid, exchange)) }
            let identity = Self.identity(user)
            if ttl > 0 {
                if known.count >= Self.knownMax { known.removeAll() }
                known[credential] = (identity, exchange.now.advanced(byNanoseconds: ttl))
            }
            exchange.resume(with: admit(identity, exchange))
        }
        guard isTaken else {
            pending.isCancelled = true
            return unavailable(exchange)
        }
        exchange.setState(of: slot, pending)
        return .suspend
    }

    package func onLog(_ exchange: any FilterExchange) {
        (exchange.state(of: slot) as? Pending)?.isCancelled = true
        exchange.setState(of: slot, nil)
    }

    private static func identity(_ user: [UInt8]) -> ClientIdentity {
        let name = String(decoding: user, as: UTF8.self)
        let json = JSONValue.object([
            .init(key: "scheme", value: "basic"), .init(key: "subject", value: .string(name)),
            .init(key: "consumer", value: .string(name)), .init(key: "scopes", value: .array([])),
        ])
        return ClientIdentity(scheme: "basic", consumer: user, subject: user, json: Array(json.compact.utf8))
    }

    private func admit(_ identity: ClientIdentity, _ exchange: any FilterExchange) -> FilterVerdict {
        series.count(.granted)
        exchange.authenticated(.granted, as: identity)
        if !forwards { source.strip(from: exchange) }
        if let userHeader { exchange.requestEdits.set(userHeader, identity.consumer) }
        return .proceed
    }

    private func refuse(_ decision: AuthDecision, _ exchange: any FilterExchange) -> FilterVerdict {
        series.count(decision)
        exchange.authenticated(decision, as: nil)
        return .respond(LocalResponse(status: 401, reason: .unauthenticated, headers: [challenge]))
    }

    private func unavailable(_ exchange: any FilterExchange) -> FilterVerdict {
        series.count(.unavailable)
        exchange.authenticated(.unavailable, as: nil)
        let retry = HeaderPair(name: Array("retry-after".utf8), value: Array("1".utf8))
        return .respond(LocalResponse(status: 503, reason: .authUnavailable, headers: [retry]))
    }
}

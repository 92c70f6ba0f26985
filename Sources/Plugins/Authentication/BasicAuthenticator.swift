import Bytes
package import Config
import HTTP
import Telemetry

/// `basic-auth`: names and passwords (RFC 7617). Hashes are compared away from the worker while the request waits, and
/// a password that was right is remembered for a while, so that not each request waits.
///
/// - Threads: one worker's own.
package final class BasicAuthenticator: Authenticator {
    package let name: String
    package let challenge: [UInt8]
    package var mayWait: Bool { true }
    private let users: [[UInt8]: String]
    /// What unknown names are compared with, so that they take as long as known ones.
    private let otherHash: String
    private let source = CredentialSource(CredentialSourceConfig(.header, "authorization"), scheme: "Basic")
    private let userHeader: [UInt8]?
    private let forwards: Bool
    private let ttl: Int64
    private let checks: PasswordChecks
    /// By the credential as it was sent.
    private var known: [[UInt8]: (identity: ClientIdentity, until: Instant)] = [:]

    private static let knownMax = 4096

    package init(name: String, _ config: BasicAuthFilterConfig, checks: PasswordChecks) {
        self.name = name
        self.checks = checks
        var users: [[UInt8]: String] = [:]
        for user in config.users + config.fileUsers { users[Array(user.name.utf8)] = user.hash }
        self.users = users
        otherHash = (config.users + config.fileUsers).first?.hash ?? ""
        challenge = Array("Basic realm=\"\(config.realm.replacing("\"", with: "'"))\", charset=\"UTF-8\"".utf8)
        userHeader = config.userHeader.map { Array($0.lowercased().utf8) }
        forwards = config.forward
        ttl = config.cacheTTL.nanoseconds
    }

    package func clean(_ exchange: any FilterExchange) {
        if let userHeader { exchange.removeSpellings(of: userHeader) }
    }

    package func authenticate(_ exchange: any FilterExchange) -> AuthenticationOutcome {
        var credential: [UInt8] = []
        guard source.withCredential(of: exchange, { credential = Array(copying: $0) }) == .found else {
            // Something else in this place is a credential that is no good.
            return .refused(exchange.requestField(.authorization) == nil ? .missing : .malformed)
        }
        if let found = known[credential] {
            if exchange.now < found.until { return .granted(found.identity) }
            known[credential] = nil
        }
        guard credential.count <= 1024, let data = TokenBase64.decodePadded(credential),
            let colon = data.firstIndex(of: UInt8(ascii: ":"))
        else { return .refused(.malformed) }
        return compare(Array(data[..<colon]), Array(data[(colon + 1)...]), credential, exchange)
    }

    private func compare(
        _ user: [UInt8], _ password: [UInt8], _ credential: [UInt8], _ exchange: any FilterExchange
    ) -> AuthenticationOutcome {
        let hash = users[user]
        let pending = PendingAuthentication()
        let check = PasswordCheck()
        var isTaken = false
        exchange.host.elsewhere({ done in
            isTaken = checks.start(password, against: hash ?? otherHash, check, done)
        }) { [self] in
            // A client that has left, and its exchange, are of no interest any more.
            guard pending.isAwaited else { return }
            guard check.result == true, hash != nil else { return pending.settle(.refused(.invalid)) }
            let identity = Self.identity(user)
            if ttl > 0 {
                if known.count >= Self.knownMax { known.removeAll() }
                known[credential] = (identity, exchange.now.advanced(byNanoseconds: ttl))
            }
            pending.settle(.granted(identity))
        }
        return isTaken ? .pending(pending) : .unavailable(.unavailable)
    }

    private static func identity(_ user: [UInt8]) -> ClientIdentity {
        let name = String(decoding: user, as: UTF8.self)
        let json = JSONValue.object([
            .init(key: "scheme", value: "basic"), .init(key: "subject", value: .string(name)),
            .init(key: "consumer", value: .string(name)), .init(key: "scopes", value: .array([])),
        ])
        return ClientIdentity(scheme: "basic", consumer: user, subject: user, json: Array(json.compact.utf8))
    }

    package func admit(_ identity: ClientIdentity, _ exchange: any FilterExchange) {
        if !forwards { source.strip(from: exchange) }
        if let userHeader { exchange.requestEdits.set(userHeader, identity.consumer) }
    }
}

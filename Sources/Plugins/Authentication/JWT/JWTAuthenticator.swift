import Bytes
package import Config
import HTTP
import Synchronization
import Telemetry

/// `jwt`: finds the token of a request, verifies it, and remembers those that it has verified.
///
/// - Threads: one worker's own.
package final class JWTAuthenticator: Authenticator {
    package let name: String
    package let challenge: [UInt8]
    private let rules: JWTRules
    private let sources: [CredentialSource]
    private let forwardsToken: Bool
    private let forwarded: [(claim: [UInt8], header: [UInt8])]
    private let consumerClaim: [String]
    private let cache: JWTCache
    /// Where keys are fetched to, by issuer; nil for those that have theirs.
    private let cells: [JWTKeyCell?]
    private let hasCells: Bool
    /// Keys that come from cells, by issuer, each with the version that it was made from.
    private var fetched: [(version: Int, keys: JWTKeySet)]

    /// Tokens longer than this are none (nginx and Envoy take heads of 8 KiB by default).
    static let tokenMax = 8 << 10
    static let headerMax = 2 << 10

    /// nil when a key cannot be used, which loading the configuration has reported.
    package init?(name: String, _ config: JWTFilterConfig, cells: JWTKeyCells) {
        guard let rules = try? JWTRules(config, cells: cells) else { return nil }
        self.name = name
        self.rules = rules
        challenge = Array("Bearer realm=\"\(config.realm.replacing("\"", with: "'"))\"".utf8)
        sources = config.sources.map { CredentialSource($0, scheme: "Bearer") }
        forwardsToken = config.forwardToken
        forwarded = config.forwardClaims.map { (Array($0.claim.utf8), Array($0.header.utf8)) }
        consumerClaim = config.consumerClaim.split(separator: ".").map(String.init)
        cache = JWTCache(entries: config.cacheEntries)
        self.cells = rules.issuers.map(\.cell)
        hasCells = self.cells.contains { $0 != nil }
        fetched = rules.issuers.map { _ in (0, JWTKeySet([])) }
    }

    // MARK: The request

    package func clean(_ exchange: any FilterExchange) {
        for (_, header) in forwarded { exchange.removeSpellings(of: header) }
    }

    package func authenticate(_ exchange: any FilterExchange) -> AuthenticationOutcome {
        if hasCells { refreshKeys() }
        var outcome: AuthenticationOutcome?
        for index in sources.indices {
            let finding = sources[index].withCredential(of: exchange) { token in
                outcome = check(token, now: exchange.host.wallNanoseconds)
            }
            switch finding {
            case .found: return outcome ?? .refused(.malformed, error: "invalid_token")
            case .ambiguous: return .refused(.malformed, error: "invalid_request")
            case .absent: continue
            }
        }
        return .refused(.missing)
    }

    package func admit(_ identity: ClientIdentity, _ exchange: any FilterExchange) {
        if !forwardsToken { for source in sources { source.strip(from: exchange) } }
        for pair in identity.fields { exchange.requestEdits.set(pair.name, pair.value) }
    }

    package func admitAnonymous(_ exchange: any FilterExchange) {
        if !forwardsToken { for source in sources { source.strip(from: exchange) } }
    }

    // MARK: Keys

    /// Takes over keys that were fetched since; one comparison an issuer as long as there are none.
    private func refreshKeys() {
        for index in cells.indices {
            guard let cell = cells[index] else { continue }
            guard cell.version.load(ordering: .relaxed) != fetched[index].version else { continue }
            let document = cell.load()
            let keys = JWTKeySet(document: document.bytes, allowed: rules.issuers[index].allowed)
            fetched[index] = (document.version, keys ?? JWTKeySet([]))
            // A key may have been withdrawn: what it signed has to be verified again.
            cache.removeAll()
        }
    }

    // MARK: The token

    /// - Parameter now: Unix time in nanoseconds.
    package func check(_ token: Span<UInt8>, now: Int64) -> AuthenticationOutcome {
        guard token.count <= Self.tokenMax else { return .refused(.malformed, error: "invalid_token") }
        let seconds = Double(now) / 1e9
        let hash = JWTCache.hash(token)
        if let known = cache.find(token, hash: hash) {
            if seconds >= known.validUntil { return .refused(.expired, error: "invalid_token") }
            if isUsable(known.issuer, now: now) { return .granted(known.identity) }
        }
        return verify(token, hash: hash, now: now)
    }

    private func isUsable(_ index: Int, now: Int64) -> Bool {
        guard let cell = cells[index] else { return true }
        return fetched[index].version > 0 && now < cell.usableUntil.load(ordering: .relaxed)
    }

    private func verify(_ token: Span<UInt8>, hash: UInt64, now: Int64) -> AuthenticationOutcome {
        guard let parsed = JWTParts(token) else { return .refused(.malformed, error: "invalid_token") }
        guard let algorithm = parsed.algorithm else { return .refused(.unacceptable, error: "invalid_token") }
        guard let index = issuer(of: parsed.claims) else { return .refused(.wrongIssuer, error: "invalid_token") }
        let issuer = rules.issuers[index]
        guard isUsable(index, now: now) else {
            issuer.cell?.wantRefresh()
            return .unavailable(.unavailable)
        }
        let keys = issuer.keys ?? fetched[index].keys
        let candidates = keys.candidates(id: parsed.keyID, algorithm: algorithm)
        guard !candidates.isEmpty else {
            if let id = parsed.keyID, !keys.has(id: id) {
                issuer.cell?.wantRefresh()
                return .refused(.unknownKey, error: "invalid_token")
            }
            return .refused(.unacceptable, error: "invalid_token")
        }
        let isGenuine = candidates.contains { $0.verifies(parsed.signature, of: parsed.signedBytes, by: algorithm) }
        guard isGenuine else { return .refused(.invalid, error: "invalid_token") }
        let seconds = Double(now) / 1e9
        if let problem = rules.problem(of: parsed.claims, issuer: issuer, now: seconds) { return problem }
        let identity = identity(parsed.claims)
        var validUntil = Double.infinity
        if case .number(let expiry)? = parsed.claims["exp"] { validUntil = expiry + rules.leeway }
        cache.insert(
            token, hash: hash, JWTCache.Entry(identity: identity, validUntil: validUntil, issuer: index))
        return .granted(identity)
    }

    /// Whose token this says it is; nothing of it is believed before it is verified with that issuer's keys.
    private func issuer(of claims: TokenJSON) -> Int? {
        let own = claims["iss"]?.text
        return rules.issuers.firstIndex { issuer in
            issuer.names.isEmpty || own.map { issuer.names.contains($0) } == true
        }
    }

    private func identity(_ claims: TokenJSON) -> ClientIdentity {
        var flat: [[UInt8]: [UInt8]] = [:]
        flatten(claims, prefix: [], into: &flat, depth: 0)
        let subject = claims["sub"]?.text ?? []
        let consumer = claims.at(consumerClaim)?.plainText ?? subject
        let scopes = JWTRules.scopes(of: claims)
        let json = TokenJSON.object([
            .init(name: Array("scheme".utf8), value: .string(Array("jwt".utf8))),
            .init(name: Array("subject".utf8), value: .string(subject)),
            .init(name: Array("consumer".utf8), value: .string(consumer)),
            .init(name: Array("scopes".utf8), value: .array(scopes.map { .string($0) })),
            .init(name: Array("claims".utf8), value: claims),
        ])
        var text: [UInt8] = []
        json.append(to: &text)
        return ClientIdentity(
            scheme: "jwt", consumer: consumer, subject: subject, scopes: scopes, json: text, claims: flat,
            fields: forwarded.compactMap { claim, header in
                flat[claim].map { HeaderPair(name: header, value: $0) }
            })
    }

    private func flatten(
        _ value: TokenJSON, prefix: [UInt8], into flat: inout [[UInt8]: [UInt8]], depth: Int
    ) {
        guard case .object(let members) = value, depth < 4 else { return }
        for member in members where flat.count < 128 {
            let name = prefix.isEmpty ? member.name : prefix + [UInt8(ascii: ".")] + member.name
            if let text = member.value.plainText {
                flat[name] = text
            } else if let texts = member.value.texts {
                flat[name] = Array(texts.joined(separator: [UInt8(ascii: ",")]))
            } else {
                flatten(member.value, prefix: name, into: &flat, depth: depth + 1)
            }
        }
    }
}

/// A token in the compact form (RFC 7515 §7.1), taken apart and not yet verified.
struct JWTParts {
    /// nil for an algorithm, or a header, that is never accepted.
    let algorithm: JWTAlgorithm?
    let keyID: [UInt8]?
    let claims: TokenJSON
    let signedBytes: [UInt8]
    let signature: [UInt8]

    /// Members of a header that would have us fetch or believe keys of the token's own choosing, or read it in another
    /// way (RFC 7515 §4.1, RFC 7797).
    private static let refused = ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc", "epk"]

    /// nil when it is no token.
    init?(_ token: Span<UInt8>) {
        var dots: [Int] = []
        for index in token.indices where token[index] == UInt8(ascii: ".") { dots.append(index) }
        guard dots.count == 2, dots[0] > 0, dots[1] > dots[0] + 1, dots[1] < token.count - 1,
            dots[0] <= JWTAuthenticator.headerMax,
            let headerBytes = TokenBase64.decode(token.extracting(0..<dots[0])),
            let claimBytes = TokenBase64.decode(token.extracting(dots[0] + 1..<dots[1])),
            let signature = TokenBase64.decode(token.extracting(dots[1] + 1..<token.count)),
            let header = TokenJSON(headerBytes.span), case .object = header,
            let claims = TokenJSON(claimBytes.span), case .object = claims
        else { return nil }
        self.claims = claims
        self.signature = signature
        signedBytes = Array(copying: token.extracting(0..<dots[1]))
        keyID = header["kid"]?.text
        if let kid = header["kid"], kid.text == nil { return nil }
        let isAcceptable = !Self.refused.contains { header[$0] != nil } && Self.isToken(header["typ"])
        algorithm = isAcceptable ? header["alg"]?.text.flatMap { JWTAlgorithm($0) } : nil
    }

    /// RFC 8725 §3.11: a token of another kind must not pass for one of these.
    private static func isToken(_ type: TokenJSON?) -> Bool {
        guard let type else { return true }
        guard let text = type.text.map({ String(decoding: $0, as: UTF8.self).lowercased() }) else { return false }
        let name = text.hasPrefix("application/") ? String(text.dropFirst("application/".count)) : text
        return name == "jwt" || name == "at+jwt"
    }
}

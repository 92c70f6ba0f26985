import Bytes
package import Config
import Telemetry

/// What a token has to fulfil, compiled from the configuration; the part of a `jwt` filter that never changes.
struct JWTRules {
    struct Issuer {
        let names: [[UInt8]]
        let audiences: [[UInt8]]
        let allowed: Set<JWTAlgorithm>?
        /// nil while the keys come from a cell.
        let keys: JWTKeySet?
        let cell: JWTKeyCell?
    }

    let issuers: [Issuer]
    let leeway: Double
    let requiresExpiry: Bool
    let claims: [String]
    let requiredClaims: [(path: [String], values: [[UInt8]])]
    let scopes: [[UInt8]]

    /// - Throws: the first thing that is wrong with a key, and which issuer's it is.
    init(_ config: JWTFilterConfig, cells: JWTKeyCells) throws(JWTConfigProblem) {
        var issuers: [Issuer] = []
        for (index, issuer) in config.issuers.enumerated() {
            do throws(JWTKey.Problem) {
                issuers.append(try Self.compile(issuer, cells))
            } catch {
                throw JWTConfigProblem(issuer: index, error)
            }
        }
        self.issuers = issuers
        leeway = Double(config.leeway.nanoseconds) / 1e9
        requiresExpiry = config.requireExpiry
        claims = config.claims
        requiredClaims = config.requiredClaims.map { claim in
            (claim.name.split(separator: ".").map(String.init), claim.values.map { Array($0.utf8) })
        }
        scopes = config.scopes.map { Array($0.utf8) }
    }

    private static func compile(_ config: JWTIssuerConfig, _ cells: JWTKeyCells) throws(JWTKey.Problem) -> Issuer {
        let listed = Set(config.algorithms.compactMap { JWTAlgorithm(rawValue: $0) })
        let allowed = listed.isEmpty ? nil : listed
        var keys: JWTKeySet?
        var cell: JWTKeyCell?
        switch config.keys {
        case .secret(let secret):
            if let wrong = listed.first(where: { !$0.rawValue.hasPrefix("HS") }) {
                throw .unsupported("\(wrong.rawValue) is not an algorithm for a secret")
            }
            keys = JWTKeySet([try JWTKey(secret: Array(secret.utf8), allowed: allowed)])
        case .publicKey(let pem):
            let key = try JWTKey(pem: pem)
            if let wrong = listed.first(where: { !key.algorithms.contains($0) }) {
                throw .unsupported("\(wrong.rawValue) is not an algorithm for this kind of key")
            }
            keys = JWTKeySet([allowed.flatMap { key.restricted(to: $0) } ?? key])
        case .file(let file):
            guard let set = JWTKeySet(document: file.content, allowed: allowed) else { throw .unreadable }
            guard !set.keys.isEmpty else { throw .unsupported("no key in it can be used") }
            keys = set
        case .url(let url): cell = cells.cell(for: url)
        }
        return Issuer(
            names: config.issuers.map { Array($0.utf8) }, audiences: config.audiences.map { Array($0.utf8) },
            allowed: allowed, keys: keys, cell: cell)
    }

    // MARK: Claims

    /// nil when they are as they must be; `now` is Unix time in seconds.
    func problem(of claims: TokenJSON, issuer: Issuer, now: Double) -> AuthenticationOutcome? {
        func bad(_ decision: AuthDecision) -> AuthenticationOutcome { .refused(decision, error: "invalid_token") }
        for name in ["exp", "nbf", "iat"] {
            guard let value = claims[name] else { continue }
            guard case .number(let number) = value, number.magnitude <= 9_007_199_254_740_992 else {
                return bad(.badClaim)
            }
            if name == "exp", now >= number + leeway { return bad(.expired) }
            if name == "nbf", now < number - leeway { return bad(.notYetValid) }
            if name == "iat", now < number - leeway { return bad(.notYetValid) }
        }
        if requiresExpiry, claims["exp"] == nil { return bad(.badClaim) }
        if let value = claims["aud"], value.texts == nil { return bad(.badClaim) }
        if !issuer.audiences.isEmpty {
            let own = claims["aud"]?.texts ?? []
            guard own.contains(where: { issuer.audiences.contains($0) }) else { return bad(.wrongAudience) }
        }
        if let value = claims["sub"], value.text == nil { return bad(.badClaim) }
        for name in self.claims where !isPresent(claims[name]) { return bad(.badClaim) }
        for claim in requiredClaims {
            guard holds(claims.at(claim.path), oneOf: claim.values) else { return .forbidden(.forbidden) }
        }
        guard !scopes.isEmpty else { return nil }
        let own = Self.scopes(of: claims)
        guard scopes.allSatisfy({ own.contains($0) }) else {
            return .forbidden(.forbidden, scope: Array(scopes.joined(separator: [UInt8(ascii: " ")])))
        }
        return nil
    }

    /// There, and not empty.
    private func isPresent(_ value: TokenJSON?) -> Bool {
        switch value {
        case nil, .null: false
        case .string(let text): !text.isEmpty
        case .array(let values): !values.isEmpty && values.allSatisfy { isPresent($0) }
        case .bool, .number, .object: true
        }
    }

    private func holds(_ value: TokenJSON?, oneOf wanted: [[UInt8]]) -> Bool {
        switch value {
        case .array(let values): values.contains { holds($0, oneOf: wanted) }
        default: value?.plainText.map { wanted.contains($0) } ?? false
        }
    }

    /// Of `scope` (RFC 8693 §4.2), words with spaces between them, or of the list `scp`.
    static func scopes(of claims: TokenJSON) -> [[UInt8]] {
        if let scope = claims["scope"]?.text { return scope.split(separator: UInt8(ascii: " ")).map(Array.init) }
        return claims["scope"]?.texts ?? claims["scp"]?.texts ?? []
    }
}

/// What is wrong with an issuer of the configuration.
package struct JWTConfigProblem: Error, Sendable {
    package let issuer: Int
    package let message: String

    init(issuer: Int, _ problem: JWTKey.Problem) {
        self.issuer = issuer
        message =
            switch problem {
            case .unreadable: "it cannot be read as a key"
            case .tooShort(let text), .unsupported(let text): text
            }
    }
}

extension JWTFilterConfig {
    /// What is wrong with its keys; nil when they can be used. Keys that are fetched later are not looked at.
    package var keyProblem: JWTConfigProblem? {
        do throws(JWTConfigProblem) {
            _ = try JWTRules(self, cells: JWTKeyCells())
            return nil
        } catch {
            return error
        }
    }
}

extension TokenJSON {
    func at(_ path: [String]) -> TokenJSON? {
        // A name with dots in it, as some issuers use URLs, comes before nested objects.
        if path.count > 1, let whole = self[path.joined(separator: ".")] { return whole }
        var value: TokenJSON? = self
        for name in path { value = value?[name] }
        return value
    }

    /// A text, number or boolean as plain text.
    var plainText: [UInt8]? {
        switch self {
        case .string(let text): text
        case .bool(let flag): Array((flag ? "true" : "false").utf8)
        case .number(let number):
            number == number.rounded() && number.magnitude < 9e15
                ? Array("\(Int64(number))".utf8) : Array("\(number)".utf8)
        case .null, .array, .object: nil
        }
    }

    /// As it is written, members in their order.
    func append(to out: inout [UInt8]) {
        switch self {
        case .null: out += Array("null".utf8)
        case .bool, .number: out += plainText ?? []
        case .string(let text): Self.append(text, to: &out)
        case .array(let values):
            out.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                value.append(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                Self.append(member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.append(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ text: [UInt8], to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case 0..<0x20, 0x7F: out += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}

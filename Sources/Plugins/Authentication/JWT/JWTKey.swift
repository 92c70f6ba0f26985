import Crypto
import CryptoExtras

/// A key that verifies signatures of tokens. Which algorithms it may be used with is decided by what kind of key it is,
/// before anything of a token is believed (RFC 8725 §3.1).
struct JWTKey {
    private enum Material {
        case secret(SymmetricKey)
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    /// Why something is no key that tokens can be verified with.
    enum Problem: Error, Equatable {
        case unreadable
        /// Shorter than the algorithm needs (RFC 7518 §3.2, §3.3).
        case tooShort(String)
        case unsupported(String)
    }

    /// nil: it has no name.
    let id: [UInt8]?
    let algorithms: Set<JWTAlgorithm>
    private let material: Material

    private init(_ material: Material, id: [UInt8]?, algorithms: Set<JWTAlgorithm>) {
        self.material = material
        self.id = id
        self.algorithms = algorithms
    }

    // MARK: Making

    /// - Parameter allowed: what the operator lists; nil for all that fit.
    init(secret: [UInt8], id: [UInt8]? = nil, allowed: Set<JWTAlgorithm>? = nil) throws(Problem) {
        let bits: [(JWTAlgorithm, Int)] = [(.hs256, 32), (.hs384, 48), (.hs512, 64)]
        let fitting = bits.filter { allowed?.contains($0.0) ?? true }
        let usable = fitting.filter { secret.count >= $0.1 }
        guard !usable.isEmpty, allowed == nil || usable.count == fitting.count else {
            let wanted = fitting.map(\.1).max() ?? 32
            throw .tooShort(
                "a secret of \(secret.count) bytes is too short: \(allowed == nil ? 32 : wanted) are needed")
        }
        self.init(.secret(SymmetricKey(data: secret)), id: id, algorithms: Set(usable.map(\.0)))
    }

    /// A public key in PEM form, or the public part of a certificate is not taken.
    init(pem: String, id: [UInt8]? = nil) throws(Problem) {
        if let key = try? P256.Signing.PublicKey(pemRepresentation: pem) {
            self.init(.p256(key), id: id, algorithms: [.es256])
        } else if let key = try? P384.Signing.PublicKey(pemRepresentation: pem) {
            self.init(.p384(key), id: id, algorithms: [.es384])
        } else if let key = try? P521.Signing.PublicKey(pemRepresentation: pem) {
            self.init(.p521(key), id: id, algorithms: [.es512])
        } else if let key = Self.ed25519(pem: pem) {
            self.init(.ed25519(key), id: id, algorithms: [.edDSA])
        } else if let key = try? _RSA.Signing.PublicKey(unsafePEMRepresentation: pem) {
            try self.init(rsa: key, id: id)
        } else {
            throw .unreadable
        }
    }

    private init(rsa key: _RSA.Signing.PublicKey, id: [UInt8]?) throws(Problem) {
        guard key.keySizeInBits >= 2048 else {
            throw .tooShort("an RSA key of \(key.keySizeInBits) bits is too short: 2048 are needed")
        }
        self.init(.rsa(key), id: id, algorithms: [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512])
    }

    /// A member of a key set (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2); nil for one that is for something else.
    init?(jwk: TokenJSON) throws(Problem) {
        if let use = jwk["use"], use.text.map({ $0.elementsEqual("sig".utf8) }) != true { return nil }
        if let operations = jwk["key_ops"]?.texts, !operations.contains(where: { $0.elementsEqual("verify".utf8) }) {
            return nil
        }
        guard let kind = jwk["kty"]?.text.map({ String(decoding: $0, as: UTF8.self) }) else { throw .unreadable }
        func part(_ name: String) throws(Problem) -> [UInt8] {
            guard let text = jwk[name]?.text, let bytes = TokenBase64.decode(text) else { throw .unreadable }
            return bytes
        }
        let id = jwk["kid"]?.text
        let made: JWTKey
        switch kind {
        case "oct": made = try JWTKey(secret: try part("k"), id: id)
        case "RSA":
            guard let key = try? _RSA.Signing.PublicKey(n: try part("n"), e: try part("e")) else { throw .unreadable }
            made = try JWTKey(rsa: key, id: id)
        case "EC":
            let curve = jwk["crv"]?.text.map { String(decoding: $0, as: UTF8.self) } ?? ""
            guard let point = try Self.point(curve, try part("x"), try part("y"), id) else { return nil }
            made = point
        case "OKP":
            guard jwk["crv"]?.text.map({ $0.elementsEqual("Ed25519".utf8) }) == true else { return nil }
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: try part("x")) else {
                throw .unreadable
            }
            made = JWTKey(.ed25519(key), id: id, algorithms: [.edDSA])
        default: return nil
        }
        guard let name = jwk["alg"]?.text else {
            self = made
            return
        }
        // A key that says what it is for is for nothing else.
        guard let algorithm = JWTAlgorithm(name), made.algorithms.contains(algorithm) else { return nil }
        self.init(made.material, id: id, algorithms: [algorithm])
    }

    private static func point(
        _ curve: String, _ x: [UInt8], _ y: [UInt8], _ id: [UInt8]?
    ) throws(Problem) -> JWTKey? {
        let raw = x + y
        switch curve {
        case "P-256":
            guard x.count == 32, y.count == 32, let key = try? P256.Signing.PublicKey(rawRepresentation: raw) else {
                throw .unreadable
            }
            return JWTKey(.p256(key), id: id, algorithms: [.es256])
        case "P-384":
            guard x.count == 48, y.count == 48, let key = try? P384.Signing.PublicKey(rawRepresentation: raw) else {
                throw .unreadable
            }
            return JWTKey(.p384(key), id: id, algorithms: [.es384])
        case "P-521":
            guard x.count == 66, y.count == 66, let key = try? P521.Signing.PublicKey(rawRepresentation: raw) else {
                throw .unreadable
            }
            return JWTKey(.p521(key), id: id, algorithms: [.es512])
        default: return nil
        }
    }

    /// SubjectPublicKeyInfo of RFC 8410 §4: a fixed head, and the key.
    private static func ed25519(pem: String) -> Curve25519.Signing.PublicKey? {
        let lines = pem.split { $0.isNewline || $0 == " " || $0 == "\t" }.map(String.init).joined(separator: " ")
        let (begin, end) = ("-----BEGIN PUBLIC KEY----- ", " -----END PUBLIC KEY-----")
        guard lines.hasPrefix(begin), lines.hasSuffix(end), lines.count > begin.count + end.count,
            let der = TokenBase64.decodePadded(
                lines.dropFirst(begin.count).dropLast(end.count).utf8.filter { $0 != 0x20 })
        else { return nil }
        let head: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
        guard der.count == head.count + 32, der.starts(with: head) else { return nil }
        return try? Curve25519.Signing.PublicKey(rawRepresentation: der.dropFirst(head.count))
    }

    func restricted(to allowed: Set<JWTAlgorithm>) -> JWTKey? {
        let left = algorithms.intersection(allowed)
        return left.isEmpty ? nil : JWTKey(material, id: id, algorithms: left)
    }

    // MARK: Verifying

    /// Whether `signature` is this key's for `input`. Takes the time that the arithmetic takes, nothing more.
    func verifies(_ signature: [UInt8], of input: [UInt8], by algorithm: JWTAlgorithm) -> Bool {
        guard algorithms.contains(algorithm) else { return false }
        switch (material, algorithm) {
        case (.secret(let key), .hs256):
            return HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: input, using: key)
        case (.secret(let key), .hs384):
            return HMAC<SHA384>.isValidAuthenticationCode(signature, authenticating: input, using: key)
        case (.secret(let key), .hs512):
            return HMAC<SHA512>.isValidAuthenticationCode(signature, authenticating: input, using: key)
        case (.rsa(let key), _): return Self.verifies(key, signature, input, algorithm)
        case (.p256(let key), .es256):
            guard signature.count == 64, let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(parsed, for: SHA256.hash(data: input))
        case (.p384(let key), .es384):
            guard signature.count == 96, let parsed = try? P384.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(parsed, for: SHA384.hash(data: input))
        case (.p521(let key), .es512):
            guard signature.count == 132, let parsed = try? P521.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(parsed, for: SHA512.hash(data: input))
        case (.ed25519(let key), .edDSA): return signature.count == 64 && key.isValidSignature(signature, for: input)
        default: return false
        }
    }

    private static func verifies(
        _ key: _RSA.Signing.PublicKey, _ signature: [UInt8], _ input: [UInt8], _ algorithm: JWTAlgorithm
    ) -> Bool {
        let parsed = _RSA.Signing.RSASignature(rawRepresentation: signature)
        return switch algorithm {
        case .rs256: key.isValidSignature(parsed, for: SHA256.hash(data: input), padding: .insecurePKCS1v1_5)
        case .rs384: key.isValidSignature(parsed, for: SHA384.hash(data: input), padding: .insecurePKCS1v1_5)
        case .rs512: key.isValidSignature(parsed, for: SHA512.hash(data: input), padding: .insecurePKCS1v1_5)
        case .ps256: key.isValidSignature(parsed, for: SHA256.hash(data: input), padding: .PSS)
        case .ps384: key.isValidSignature(parsed, for: SHA384.hash(data: input), padding: .PSS)
        case .ps512: key.isValidSignature(parsed, for: SHA512.hash(data: input), padding: .PSS)
        default: false
        }
    }
}

/// The keys of one issuer.
struct JWTKeySet {
    private(set) var keys: [JWTKey] = []
    /// Keys that were there and could not be read.
    private(set) var badCount = 0

    /// Tokens without a key's name are tried with so many keys.
    private static let triesMax = 16

    init(_ keys: [JWTKey]) {
        self.keys = keys
    }

    /// A key set document (RFC 7517 §5); one bad key does not lose the others. nil when it is no such document.
    init?(document: [UInt8], allowed: Set<JWTAlgorithm>? = nil) {
        guard document.count <= 1 << 20, let json = TokenJSON(document.span), case .array(let members)? = json["keys"]
        else { return nil }
        for member in members {
            do throws(JWTKey.Problem) {
                guard let key = try JWTKey(jwk: member) else { continue }
                guard let allowed else {
                    keys.append(key)
                    continue
                }
                if let left = key.restricted(to: allowed) { keys.append(left) }
            } catch {
                badCount += 1
            }
        }
    }

    /// The keys that a token may have been signed with.
    func candidates(id: [UInt8]?, algorithm: JWTAlgorithm) -> [JWTKey] {
        var found: [JWTKey] = []
        for key in keys where key.algorithms.contains(algorithm) {
            // A key without a name is tried whatever the token calls its own.
            if let id, let own = key.id, own != id { continue }
            found.append(key)
            if found.count == Self.triesMax { break }
        }
        return found
    }

    /// Whether a token of that key's name could be verified, whatever its algorithm.
    func has(id: [UInt8]) -> Bool { keys.contains { $0.id == nil || $0.id == id } }
}

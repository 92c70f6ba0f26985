import Config
import Crypto
import CryptoExtras
import Foundation
import HTTP
import Telemetry
import Testing

@testable import Plugins

@Suite struct JWTAuthenticatorTests {
    static let now: Int64 = 1_800_000_000
    static let secret = "0123456789abcdef0123456789abcdef"

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func hs256(
        _ claims: String, header: String = #"{"alg":"HS256","typ":"JWT"}"#, secret: String = secret
    ) -> String {
        let input = encode(header.utf8) + "." + encode(claims.utf8)
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(input.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return input + "." + encode(code)
    }

    static let good = #"{"sub":"ada","exp":1800000300}"#

    private func authenticator(_ change: (inout JWTFilterConfig) -> Void = { _ in }) throws -> JWTAuthenticator {
        var config = JWTFilterConfig()
        var issuer = JWTIssuerConfig()
        issuer.keys = .secret(Self.secret)
        config.issuers = [issuer]
        change(&config)
        return try #require(JWTAuthenticator(name: "auth", config, cells: JWTKeyCells()))
    }

    private func check(_ token: String, by authenticator: JWTAuthenticator, now: Int64 = now) -> AuthDecision? {
        let bytes = Array(token.utf8)
        return authenticator.check(bytes.span, now: now * 1_000_000_000).decision
    }

    // MARK: Published vectors

    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var token: String
        var jwk: String
        var testDescription: String { name }
    }

    /// RFC 7515 appendix A.1 to A.3 and RFC 8037 appendix A.4; the payload of the last one is no JSON object.
    static let vectors = [
        Vector(
            name: "RFC 7515 A.1",
            token:
                "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogI"
                + "mh0dHA6Ly9leGFt"
                + "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            jwk:
                #"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUu"#
                + #"TwjAzZr1Z9CAow"}"#
        ),
        Vector(
            name: "RFC 7515 A.2",
            token:
                "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19y"
                + "b290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
                + "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvk"
                + "SjtQBMHlb1L"
                + "07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
                + "YEUipUTI8np6"
                + "LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
            jwk:
                #"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qP"#
                + #"CJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LO"#
                + #"L-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw"#
                + #"Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"#
                + #"","e":"AQAB"}"#
        ),
        Vector(
            name: "RFC 7515 A.3",
            token:
                "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19y"
                + "b290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJq"
                + "PP3-Kg6NU1Q",
            jwk:
                #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m"#
                + #"36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#
        ),
    ]

    @Test(arguments: vectors) func acceptsPublishedTokens(_ vector: Vector) throws {
        let authenticator = try authenticator { config in
            config.issuers[0].keys = .file(file("{\"keys\":[\(vector.jwk)]}"))
        }
        #expect(check(vector.token, by: authenticator, now: 1_300_819_379) == .granted)
        #expect(check(vector.token, by: authenticator, now: 1_300_819_380 + 60) == .expired)
        // One bit of the signature.
        var broken = Array(vector.token.utf8)
        broken[broken.count - 8] = broken[broken.count - 8] == 0x41 ? 0x42 : 0x41
        #expect(check(String(decoding: broken, as: UTF8.self), by: authenticator, now: 1_300_819_379) == .invalid)
    }

    private func file(_ text: String) -> FileReference {
        var file = FileReference("keys.json")
        file.content = Array(text.utf8)
        return file
    }

    @Test func acceptsEd25519OfRFC8037() throws {
        let key = try #require(
            try JWTKey(
                jwk: TokenJSON(
                    Array(#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#.utf8).span
                )
                    ?? .null))
        let input = Array("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".utf8)
        let signature = try #require(
            TokenBase64.decode(
                Array("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg".utf8)))
        #expect(key.verifies(signature, of: input, by: .edDSA))
        #expect(!key.verifies(signature, of: input + [0], by: .edDSA))
    }

    @Test(arguments: JWTAlgorithm.allCases) func everyAlgorithmOfItsKindOfKey(_ algorithm: JWTAlgorithm) throws {
        let header = Self.encode("{\"alg\":\"\(algorithm.rawValue)\"}".utf8)
        let input = Data((header + "." + Self.encode(Self.good.utf8)).utf8)
        var keys = JWTIssuerConfig.Keys.secret(String(repeating: "k", count: 64))
        let secret = SymmetricKey(data: Data(String(repeating: "k", count: 64).utf8))
        let signature: Data
        switch algorithm {
        case .hs256: signature = Data(HMAC<SHA256>.authenticationCode(for: input, using: secret))
        case .hs384: signature = Data(HMAC<SHA384>.authenticationCode(for: input, using: secret))
        case .hs512: signature = Data(HMAC<SHA512>.authenticationCode(for: input, using: secret))
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512:
            let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            let padding: _RSA.Signing.Padding = algorithm.rawValue.hasPrefix("RS") ? .insecurePKCS1v1_5 : .PSS
            let made =
                switch algorithm {
                case .rs256, .ps256: try key.signature(for: SHA256.hash(data: input), padding: padding)
                case .rs384, .ps384: try key.signature(for: SHA384.hash(data: input), padding: padding)
                default: try key.signature(for: SHA512.hash(data: input), padding: padding)
                }
            signature = made.rawRepresentation
            keys = .publicKey(key.publicKey.pemRepresentation)
        case .es256:
            let key = P256.Signing.PrivateKey()
            signature = try key.signature(for: SHA256.hash(data: input)).rawRepresentation
            keys = .publicKey(key.publicKey.pemRepresentation)
        case .es384:
            let key = P384.Signing.PrivateKey()
            signature = try key.signature(for: SHA384.hash(data: input)).rawRepresentation
            keys = .publicKey(key.publicKey.pemRepresentation)
        case .es512:
            let key = P521.Signing.PrivateKey()
            signature = try key.signature(for: SHA512.hash(data: input)).rawRepresentation
            keys = .publicKey(key.publicKey.pemRepresentation)
        case .edDSA:
            let key = Curve25519.Signing.PrivateKey()
            signature = try key.signature(for: input)
            let der: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
            let body = Data(der + key.publicKey.rawRepresentation).base64EncodedString()
            keys = .publicKey("-----BEGIN PUBLIC KEY-----\n\(body)\n-----END PUBLIC KEY-----\n")
        }
        let token = String(decoding: input, as: UTF8.self) + "." + Self.encode(signature)
        #expect(check(token, by: try authenticator { $0.issuers[0].keys = keys }) == .granted)
        // A list of others keeps it out before anything is verified.
        let other: JWTAlgorithm = algorithm.rawValue.hasSuffix("384") ? .hs256 : .hs384
        if algorithm.rawValue.hasPrefix("HS") {
            let listed = try authenticator {
                $0.issuers[0].keys = keys
                $0.issuers[0].algorithms = [other.rawValue]
            }
            #expect(check(token, by: listed) == .unacceptable)
        }
    }

    // MARK: Attacks

    struct Attack: Sendable, CustomTestStringConvertible {
        var name: String
        var token: String
        var decision: AuthDecision
        var testDescription: String { name }
    }

    private static func header(_ header: String) -> String { hs256(good, header: header) }

    static let attacks: [Attack] = [
        Attack(
            name: "none", token: encode(#"{"alg":"none"}"#.utf8) + "." + encode(good.utf8) + ".", decision: .malformed),
        Attack(name: "none with a signature", token: header(#"{"alg":"none"}"#), decision: .unacceptable),
        Attack(name: "NoNe", token: header(#"{"alg":"NoNe"}"#), decision: .unacceptable),
        Attack(name: "hs256 in another case", token: header(#"{"alg":"hs256"}"#), decision: .unacceptable),
        Attack(name: "an asymmetric algorithm", token: header(#"{"alg":"RS256"}"#), decision: .unacceptable),
        Attack(name: "no algorithm", token: header(#"{"typ":"JWT"}"#), decision: .unacceptable),
        Attack(name: "a number for an algorithm", token: header(#"{"alg":256}"#), decision: .unacceptable),
        Attack(name: "crit", token: header(#"{"alg":"HS256","crit":["exp"]}"#), decision: .unacceptable),
        Attack(name: "jku", token: header(#"{"alg":"HS256","jku":"https://evil/k"}"#), decision: .unacceptable),
        Attack(name: "x5u", token: header(#"{"alg":"HS256","x5u":"https://evil/k"}"#), decision: .unacceptable),
        Attack(name: "jwk", token: header(#"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#), decision: .unacceptable),
        Attack(name: "x5c", token: header(#"{"alg":"HS256","x5c":["AAAA"]}"#), decision: .unacceptable),
        Attack(name: "b64", token: header(#"{"alg":"HS256","b64":false}"#), decision: .unacceptable),
        Attack(name: "another type", token: header(#"{"alg":"HS256","typ":"dpop+jwt"}"#), decision: .unacceptable),
        Attack(name: "the algorithm twice", token: header(#"{"alg":"none","alg":"HS256"}"#), decision: .malformed),
        Attack(name: "kid injection", token: header(#"{"alg":"HS256","kid":"../../dev/null"}"#), decision: .granted),
        Attack(name: "kid as an object", token: header(#"{"alg":"HS256","kid":{}}"#), decision: .malformed),
        Attack(
            name: "header too long", token: header(#"{"alg":"HS256","x":"\#(String(repeating: "a", count: 4000))"}"#),
            decision: .malformed),
        Attack(
            name: "token too long", token: hs256(#"{"exp":1800000300,"x":"\#(String(repeating: "a", count: 9000))"}"#),
            decision: .malformed),
        Attack(
            name: "blank signature", token: String(hs256(good).prefix { $0 != "." }) + "." + encode(good.utf8) + ".",
            decision: .malformed),
        Attack(name: "short signature", token: String(hs256(good).dropLast(4)), decision: .malformed),
        Attack(name: "signature and more", token: hs256(good) + "AAAA", decision: .invalid),
        Attack(name: "signature with padding", token: hs256(good) + "=", decision: .malformed),
        Attack(name: "two dots more", token: hs256(good) + "..", decision: .malformed),
        Attack(name: "a space", token: hs256(good) + " ", decision: .malformed),
        Attack(
            name: "another secret", token: hs256(good, secret: String(repeating: "x", count: 32)), decision: .invalid),
        Attack(name: "an empty secret", token: hs256(good, secret: ""), decision: .invalid),
        Attack(name: "no claims", token: hs256("{}"), decision: .badClaim),
        Attack(name: "a list of claims", token: hs256("[]"), decision: .malformed),
        Attack(
            name: "a claim twice", token: hs256(#"{"sub":"ada","exp":1800000300,"sub":"root"}"#), decision: .malformed),
        Attack(name: "expired", token: hs256(#"{"exp":1799999940}"#), decision: .expired),
        Attack(name: "negative time", token: hs256(#"{"exp":-1}"#), decision: .expired),
        Attack(name: "time as text", token: hs256(#"{"exp":"1800000300"}"#), decision: .badClaim),
        Attack(name: "time that is no number", token: hs256(#"{"exp":NaN}"#), decision: .malformed),
        Attack(name: "infinite time", token: hs256(#"{"exp":1e999}"#), decision: .malformed),
        Attack(name: "huge time", token: hs256(#"{"exp":1e300}"#), decision: .badClaim),
        Attack(name: "null time", token: hs256(#"{"exp":null}"#), decision: .badClaim),
        Attack(name: "list of times", token: hs256(#"{"exp":[1800000300]}"#), decision: .badClaim),
        Attack(name: "not yet", token: hs256(#"{"exp":1800000300,"nbf":1800000100}"#), decision: .notYetValid),
        Attack(
            name: "issued in the future", token: hs256(#"{"exp":1800000300,"iat":1800000100}"#),
            decision: .notYetValid),
        Attack(name: "subject as a number", token: hs256(#"{"exp":1800000300,"sub":1}"#), decision: .badClaim),
        Attack(name: "audience as a number", token: hs256(#"{"exp":1800000300,"aud":1}"#), decision: .badClaim),
        Attack(
            name: "not UTF-8",
            token: "\(encode(#"{"alg":"HS256"}"#.utf8)).\(encode([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D])).AAAA",
            decision: .malformed),
        Attack(name: "deep nesting", token: hs256(String(repeating: "[", count: 500)), decision: .malformed),
        Attack(name: "fraction of a second", token: hs256(#"{"exp":1800000300.5}"#), decision: .granted),
        Attack(name: "within the leeway", token: hs256(#"{"exp":1799999941}"#), decision: .granted),
        Attack(name: "good", token: hs256(good), decision: .granted),
        Attack(name: "empty", token: "", decision: .malformed),
        Attack(name: "dots", token: "..", decision: .malformed),
    ]

    @Test(arguments: attacks) func decides(_ attack: Attack) throws {
        let authenticator = try authenticator()
        #expect(check(attack.token, by: authenticator) == attack.decision)
        // And the second time.
        #expect(check(attack.token, by: authenticator) == attack.decision)
    }

    /// A public key must never serve as the secret of an HMAC (CVE-2015-9235).
    @Test func publicKeysAreNoSecrets() throws {
        let key = P256.Signing.PrivateKey()
        let pem = key.publicKey.pemRepresentation
        let authenticator = try authenticator { $0.issuers[0].keys = .publicKey(pem) }
        #expect(check(Self.hs256(Self.good, secret: pem), by: authenticator) == .unacceptable)
    }

    @Test func anyChangedByteIsRefused() throws {
        let authenticator = try authenticator()
        let token = Array(Self.hs256(Self.good).utf8)
        for index in token.indices {
            for replacement: UInt8 in [0x41, 0x5F, 0x2E, 0x00, 0xFF] where token[index] != replacement {
                var changed = token
                changed[index] = replacement
                let decision = check(String(decoding: changed, as: UTF8.self), by: authenticator)
                #expect(decision != .granted, "byte \(index)")
            }
        }
        #expect(check(String(decoding: token, as: UTF8.self), by: authenticator) == .granted)
    }

    @Test func weakKeysAreRefused() throws {
        var config = JWTFilterConfig()
        config.issuers = [JWTIssuerConfig()]
        for (keys, word) in [
            (JWTIssuerConfig.Keys.secret(""), "too short"), (.secret(String(repeating: "x", count: 31)), "too short"),
            (.publicKey("x"), "cannot be read"), (.file(file("{}")), "cannot be read"),
            (.file(file(#"{"keys":[]}"#)), "no key"),
            (
                .publicKey(
                    try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024)).publicKey.pemRepresentation),
                "1024"
            ),
        ] {
            config.issuers[0].keys = keys
            #expect(config.keyProblem?.message.contains(word) == true, "\(config.keyProblem?.message ?? "fine")")
        }
        config.issuers[0].keys = .secret(String(repeating: "x", count: 32))
        config.issuers[0].algorithms = ["HS512"]
        #expect(config.keyProblem?.message.contains("64 are needed") == true)
        config.issuers[0].algorithms = ["RS256"]
        #expect(config.keyProblem?.message.contains("RS256") == true)
    }

    // MARK: Claims, issuers, keys

    @Test func claimsAreHeldAgainstTheRules() throws {
        let authenticator = try authenticator { config in
            config.issuers[0].issuers = ["https://a"]
            config.issuers[0].audiences = ["api"]
            config.claims = ["sub", "jti"]
            config.requiredClaims = [.init(name: "realm.role", values: ["admin", "root"])]
            config.scopes = ["read"]
        }
        func claims(_ text: String) -> AuthDecision? { check(Self.hs256(text), by: authenticator) }
        let all = #""exp":1800000300,"iss":"https://a","aud":["x","api"],"sub":"ada","jti":"1","#
        #expect(claims(#"{\#(all)"realm":{"role":["user","admin"]},"scope":"write read"}"#) == .granted)
        #expect(claims(#"{\#(all)"realm":{"role":"root"},"scp":["read"]}"#) == .granted)
        #expect(claims(#"{\#(all)"realm":{"role":"user"},"scope":"read"}"#) == .forbidden)
        #expect(claims(#"{\#(all)"realm":{"role":"root"},"scope":"reader"}"#) == .forbidden)
        #expect(claims(#"{\#(all)"scope":"read"}"#) == .forbidden)
        #expect(claims(#"{"exp":1800000300,"iss":"https://A","aud":"api"}"#) == .wrongIssuer)
        #expect(claims(#"{"exp":1800000300,"iss":"https://a","aud":"ap"}"#) == .wrongAudience)
        #expect(claims(#"{"exp":1800000300,"iss":"https://a"}"#) == .wrongAudience)
        #expect(claims(#"{"exp":1800000300,"iss":"https://a","aud":"api","sub":"ada","jti":""}"#) == .badClaim)
    }

    @Test func issuersHaveKeysOfTheirOwn() throws {
        let other = String(repeating: "o", count: 32)
        let authenticator = try authenticator { config in
            config.issuers[0].issuers = ["one"]
            var second = JWTIssuerConfig()
            second.keys = .secret(other)
            second.issuers = ["two"]
            config.issuers.append(second)
        }
        let one = #"{"exp":1800000300,"iss":"one"}"#
        let two = #"{"exp":1800000300,"iss":"two"}"#
        #expect(check(Self.hs256(one), by: authenticator) == .granted)
        #expect(check(Self.hs256(two, secret: other), by: authenticator) == .granted)
        #expect(check(Self.hs256(two), by: authenticator) == .invalid)
        #expect(check(Self.hs256(one, secret: other), by: authenticator) == .invalid)
        #expect(check(Self.hs256(Self.good), by: authenticator) == .wrongIssuer)
    }

    @Test func fetchedKeysComeAndGo() throws {
        let cells = JWTKeyCells()
        var config = JWTFilterConfig()
        var issuer = JWTIssuerConfig()
        issuer.keys = .url("https://issuer/keys")
        config.issuers = [issuer]
        let authenticator = try #require(JWTAuthenticator(name: "auth", config, cells: cells))
        let cell = cells.cell(for: "https://issuer/keys")
        let exchange = FakeFilterExchange()
        func decide(_ token: String) -> AuthDecision? {
            exchange.receive("GET / HTTP/1.1", "Host: a", "Authorization: Bearer \(token)")
            exchange.fakeHost.wallNanoseconds = Self.now * 1_000_000_000
            return authenticator.authenticate(exchange).decision
        }
        func jwks(_ id: String, _ secret: String) -> [UInt8] {
            Array(#"{"keys":[{"kty":"other"},{"kty":"oct","kid":"\#(id)","k":"\#(Self.encode(secret.utf8))"}]}"#.utf8)
        }
        let named = Self.hs256(Self.good, header: #"{"alg":"HS256","kid":"a"}"#)
        #expect(decide(named) == .unavailable)
        #expect(cell.takeRefreshWanted())
        let end = (Self.now + 100) * 1_000_000_000
        cell.publish(jwks("a", Self.secret), usableUntil: end)
        #expect(decide(named) == .granted)
        #expect(decide(named) == .granted)
        #expect(!cell.takeRefreshWanted())
        // Another key: what the old one signed is no good any more, and its name is asked for.
        cell.publish(jwks("b", String(repeating: "n", count: 32)), usableUntil: end)
        #expect(decide(named) == .unknownKey)
        #expect(cell.takeRefreshWanted())
        cell.publish(jwks("a", Self.secret), usableUntil: (Self.now - 1) * 1_000_000_000)
        #expect(decide(named) == .unavailable, "too old")
        cell.publish(Array("garbage".utf8), usableUntil: end)
        #expect(decide(named) == .unknownKey)
    }

    // MARK: The request

    @Test func theTokenIsTakenOutAndClaimsPutIn() throws {
        let authenticator = try authenticator { config in
            config.forwardClaims = [.init(claim: "sub", header: "x-user"), .init(claim: "org.id", header: "x-org")]
            config.sources = [
                CredentialSourceConfig(.header, "authorization"), CredentialSourceConfig(.query, "access_token"),
                CredentialSourceConfig(.cookie, "t"),
            ]
        }
        let token = Self.hs256(#"{"sub":"ada","org":{"id":7},"exp":1800000300}"#)
        for lines in [
            ["GET /a?x=1 HTTP/1.1", "Authorization: bearer \(token)"],
            ["GET /a?access_token=\(token)&x=1 HTTP/1.1"],
            ["GET /a?x=1 HTTP/1.1", "Cookie: a=b; t=\(token); c=d"],
        ] {
            let exchange = FakeFilterExchange()
            exchange.fakeHost.wallNanoseconds = Self.now * 1_000_000_000
            exchange.receive(lines[0], "Host: a", "X-User: root", "x_user: root", lines.count > 1 ? lines[1] : "X-A: b")
            authenticator.clean(exchange)
            guard case .granted(let identity) = authenticator.authenticate(exchange) else {
                Issue.record("refused: \(lines)")
                continue
            }
            authenticator.admit(identity, exchange)
            let edits = exchange.requestEdits.description
            #expect(
                edits.contains("=x-user: ada") && edits.contains("=x-org: 7") && edits.contains("-x_user"), "\(edits)")
            #expect(edits.contains("-authorization"))
            #expect(exchange.texts[.query].map { String(decoding: $0, as: UTF8.self) } == "x=1")
            if lines.count > 1, lines[1].hasPrefix("Cookie") {
                #expect(edits.contains("=cookie: a=b; c=d"), "\(edits)")
            }
            #expect(String(decoding: identity.json, as: UTF8.self).contains(#""claims":{"sub":"ada","org":{"id":7}"#))
            #expect(identity.claim(Array("org.id".utf8)) == Array("7".utf8))
        }
    }

    @Test(arguments: [
        ["Authorization: Basic YTpi"], ["Authorization: Bearer"], ["Authorization: Bearer "], ["Authorization: "],
        ["X-Authorization: Bearer x"], [],
    ])
    func otherFieldsAreNoToken(_ lines: [String]) throws {
        let exchange = FakeFilterExchange()
        exchange.receive("GET / HTTP/1.1", "Host: a", lines.first ?? "X-A: b")
        guard case .refused(.missing, _) = try authenticator().authenticate(exchange) else {
            Issue.record("something was found")
            return
        }
    }

    @Test func twoTokensAreNone() throws {
        let token = Self.hs256(Self.good)
        let exchange = FakeFilterExchange()
        exchange.fakeHost.wallNanoseconds = Self.now * 1_000_000_000
        exchange.receive(
            "GET / HTTP/1.1", "Host: a", "Authorization: Bearer \(token)", "Authorization: Bearer \(token)")
        guard case .refused(.malformed, _) = try authenticator().authenticate(exchange) else {
            Issue.record("one of two was taken")
            return
        }
    }

    @Test func rememberedTokensAreBounded() throws {
        let cache = JWTCache(entries: 8)
        let identity = ClientIdentity(scheme: "jwt", consumer: [], subject: [], json: [])
        for number in 0..<1000 {
            let token = Array("token-\(number)".utf8)
            let hash = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
            cache.insert(token.span, hash: hash, JWTCache.Entry(identity: identity, validUntil: 0, issuer: 0))
            #expect(cache.find(token.span, hash: hash) != nil)
        }
        let first = Array("token-0".utf8)
        #expect(cache.find(first.span, hash: 0) == nil)
    }
}

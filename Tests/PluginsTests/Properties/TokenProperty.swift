import Config
import Plugins
import Telemetry

/// Whatever a client sends as a token, and an issuer as a key set: it is decided about, and nothing of it gets in.
package enum TokenProperty {
    private static let secret = "fuzzing-0123456789abcdef01234567"

    /// What is wrong, or nil.
    package static func violation(_ input: [UInt8]) -> String? {
        if let count = JWTKeyCell.usableKeyCount(of: input), count < 0 { return "fewer keys than none" }
        var config = JWTFilterConfig()
        var issuer = JWTIssuerConfig()
        issuer.keys = .secret(secret)
        config.issuers = [issuer]
        config.cacheEntries = 16
        guard let authenticator = JWTAuthenticator(name: "fuzzed", config, cells: JWTKeyCells()) else {
            return "the filter cannot be made"
        }
        for _ in 0..<2 {
            switch authenticator.check(input.span, now: 1_700_000_000_000_000_000) {
            case .granted, .pending: return "let in without the secret"
            case .refused(.missing, _): return "taken for no token"
            case .refused, .forbidden, .unavailable: continue
            }
        }
        return nil
    }
}

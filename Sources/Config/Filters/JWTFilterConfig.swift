/// `jwt`: signed tokens (RFC 7519) as the proof of who a client is.
package struct JWTFilterConfig: Sendable, Equatable {
    package var issuers: [JWTIssuerConfig] = []
    package var sources = [CredentialSourceConfig(.header, "authorization")]
    package var leeway: Duration = .seconds(60)
    package var requireExpiry = true
    /// Claims that must be there and valid.
    package var claims: [String] = []
    package var requiredClaims: [RequiredClaim] = []
    package var scopes: [String] = []
    package var forwardClaims: [ForwardedClaim] = []
    package var forwardToken = false
    package var consumerClaim = "sub"
    package var realm = "gateway"
    package var isOptional = false
    /// Verified tokens that each worker remembers.
    package var cacheEntries = 4096

    package init() {}

    package struct RequiredClaim: Sendable, Equatable {
        /// With dots for nested objects.
        package var name: String
        package var values: [String]

        package init(name: String, values: [String]) {
            self.name = name
            self.values = values
        }
    }

    package struct ForwardedClaim: Sendable, Equatable {
        package var claim: String
        /// Lower-case.
        package var header: String

        package init(claim: String, header: String) {
            self.claim = claim
            self.header = header
        }
    }
}

/// One issuer of tokens, and the keys that it signs them with.
package struct JWTIssuerConfig: Sendable, Equatable {
    package enum Keys: Sendable, Equatable {
        case secret(String)
        case publicKey(String)
        case file(FileReference)
        case url(String)
    }

    package var keys = Keys.secret("")
    /// Empty: all that fit the kind of key.
    package var algorithms: [String] = []
    /// Values of `iss` that are accepted; empty: any.
    package var issuers: [String] = []
    /// Values of `aud` that are accepted; empty: any.
    package var audiences: [String] = []
    package var refresh: Duration = .seconds(300)
    package var staleFor: Duration = .seconds(3600)
    package var position = SourcePosition.unknown

    package init() {}
}

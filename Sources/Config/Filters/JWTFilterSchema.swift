/// The description of `jwt`.
enum JWTFilterSchema {
    private static let algorithms = [
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
        "EdDSA",
    ]

    /// What stands in the filter itself, or, as far as keys and expectations go, in one of its issuers.
    struct Draft: Sendable {
        var secret: String?
        var publicKey: String?
        var file: FileReference?
        var url: String?
        var issuer = JWTIssuerConfig()
        var issuers: [JWTIssuerConfig] = []
        var config = JWTFilterConfig()
    }

    private static let oneOrMany = ValueSchema<[String]>(
        .either([ValueSchema<String>.text.type, .list(of: ValueSchema<String>.text.type, atLeast: 1)])
    ) { node, context in
        if case .sequence = node.content {
            return ValueSchema<[String]>.list(of: .text, emptyMessage: "an empty list accepts nothing").decode(
                node, context)
        }
        return ValueSchema<String>.text.decode(node, context).map { [$0] }
    }

    /// A URL that keys are fetched from.
    private static let keysURL = ValueSchema<String>.text("URL", ["type": "string"]).checked { text, node, context in
        func refuse(_ problem: String, hint: String? = nil) -> String? {
            context.report(.invalidURL, problem, at: node.position, hint: hint)
            return nil
        }
        guard let (scheme, rest) = text.splitOnce("://"), scheme == "https" || scheme == "http",
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#")
        else { return refuse("\(node.summary) is not the URL of a key set") }
        let authority = String(rest.prefix { $0 != "/" && $0 != "?" })
        if authority.contains("@") {
            return refuse("a URL of keys has no user information", hint: "key sets are public")
        }
        guard case .success(let address) = NetworkText.hostPort(authority), !address.host.isEmpty else {
            return refuse("\(node.summary) is not the URL of a key set")
        }
        let isLoopback = address.host == "localhost" || address.host.hasPrefix("127.") || address.host == "::1"
        guard scheme == "https" || isLoopback else {
            return refuse("keys that come over plain HTTP can be exchanged on the way", hint: "write https://")
        }
        return text
    }

    private static let issuerFields: [FieldSchema<Draft>] = [
        .optional("secret", \.secret, .text, "A secret of 32 bytes or more, for HS256, HS384 and HS512.")
            .secret,
        .optional("public_key", \.publicKey, .text, "A public key in PEM form."),
        .optional("jwks_file", \.file, TLSSchema.file, "A file with a key set (RFC 7517)."),
        .optional("jwks_url", \.url, keysURL, "Where a key set is fetched from, and fetched again."),
        .field(
            "algorithms", \.issuer.algorithms,
            .list(of: ValueSchema<String>.choice(algorithms.map { ($0, $0) })),
            "Which algorithms are accepted; left out: all that fit the kind of key."),
        .field("issuer", \.issuer.issuers, oneOrMany, "What `iss` must be, or one of several."),
        .field("audience", \.issuer.audiences, oneOrMany, "What `aud` must hold, or one of several."),
        .field(
            "refresh", \.issuer.refresh, .duration(.seconds(10)...(.seconds(86_400))),
            "How often `jwks_url` is fetched."),
        .field(
            "stale_for", \.issuer.staleFor, .duration(.seconds(10)...(.seconds(7 * 86_400))),
            "How long its keys are used while it does not answer."),
    ]

    private static let issuer = ObjectSchema(
        "jwt-issuer", "One issuer of tokens.", empty: Draft(), position: { $0.issuer.position = $1 },
        fields: issuerFields
    ).value.map { draft, node, context in
        guard let config = finished(draft, node, context) else { return JWTIssuerConfig?.none }
        guard !config.issuers.isEmpty else {
            context.report(
                .missingKey, "one of several issuers needs the key \"issuer\"", at: node.position,
                hint: "it decides which issuer's keys a token is verified with")
            return nil
        }
        return config
    }

    /// The issuer with its one source of keys.
    private static func finished(
        _ draft: Draft, _ node: ConfigNode, _ context: DecodingContext
    ) -> JWTIssuerConfig? {
        var config = draft.issuer
        var sources: [JWTIssuerConfig.Keys] = []
        if let secret = draft.secret { sources.append(.secret(secret)) }
        if let key = draft.publicKey { sources.append(.publicKey(key)) }
        if let file = draft.file { sources.append(.file(file)) }
        if let url = draft.url { sources.append(.url(url)) }
        guard let keys = sources.first, sources.count == 1 else {
            context.report(
                sources.isEmpty ? .missingKey : .conflictingKeys,
                sources.isEmpty
                    ? "tokens cannot be verified without a key"
                    : "several sources of keys stand side by side", at: node.position,
                hint: "write one of secret, public_key, jwks_file and jwks_url")
            return nil
        }
        config.keys = keys
        if config.position == .unknown { config.position = node.position }
        return config
    }

    private static let claimHeader = ValueSchema<[JWTFilterConfig.ForwardedClaim]>.map(
        key: "claim", of: ValueSchema<String>.editableFieldName.type
    ) { entry, context in
        ValueSchema<String>.editableFieldName.decode(entry.value, context).map {
            JWTFilterConfig.ForwardedClaim(claim: entry.key, header: $0.lowercased())
        }
    }

    private static let requiredClaims = ValueSchema<[JWTFilterConfig.RequiredClaim]>.map(
        key: "claim", of: oneOrMany.type
    ) { entry, context in
        oneOrMany.decode(entry.value, context).map { JWTFilterConfig.RequiredClaim(name: entry.key, values: $0) }
    }

    static let filter: ValueSchema<JWTFilterConfig> = object.value.map { draft, node, context in
        var config = draft.config
        if draft.issuers.isEmpty {
            guard let single = finished(draft, node, context) else { return JWTFilterConfig?.none }
            config.issuers = [single]
        } else {
            let own = ["secret", "public_key", "jwks_file", "jwks_url", "algorithms", "issuer", "audience"]
            if let key = own.first(where: { node[$0] != nil }) {
                context.report(
                    .conflictingKeys, "\(key) belongs into one of the issuers", at: node[key]?.position ?? node.position
                )
                return nil
            }
            config.issuers = draft.issuers
        }
        return config
    }

    static let object = ObjectSchema(
        "jwt-middleware", "Signed tokens as the proof of who a client is.", empty: Draft(),
        fields: issuerFields + [
            .field("issuers", \.issuers, .list(of: issuer), "Several issuers, in place of the keys above."),
            .field(
                "sources", \.config.sources,
                .list(of: .credentialSource, emptyMessage: "a token must come from somewhere"),
                "Where the token is, in this order: `header:NAME`, `cookie:NAME`, `query:NAME`."),
            .field("leeway", \.config.leeway, .duration(.zero...(.seconds(3600))), "By how much clocks may differ."),
            .field("require_exp", \.config.requireExpiry, .bool, "Whether a token must say when it ends."),
            .field(
                "claims_validation", \.config.claims, .list(of: .text),
                "Claims that must be there and valid, such as exp, aud or any name."),
            .field(
                "required_claims", \.config.requiredClaims, requiredClaims,
                "Claims and the values of which they must be, or hold, one; 403 else."),
            .field(
                "scopes", \.config.scopes, .list(of: .text), "Scopes that a token must have, all of them; 403 else."),
            .field(
                "forward_claims", \.config.forwardClaims, claimHeader,
                "Claims, and the fields that tell the upstream of them; clients' own are dropped."),
            .field("forward_token", \.config.forwardToken, .bool, "Whether the upstream gets the token too."),
            .field("consumer_claim", \.config.consumerClaim, .text, "The claim that names the client."),
            .field("realm", \.config.realm, .fieldValue, "What `WWW-Authenticate` says."),
            .field("optional", \.config.isOptional, .bool, "Let requests without a token pass; a bad one never does."),
            .field(
                "cache_entries", \.config.cacheEntries, .integer(0...65_536),
                "Verified tokens that each worker remembers."),
        ])
}

/// `cors`: which pages of other origins may read answers (Fetch standard, "HTTP-network-or-cache fetch" and "CORS
/// protocol").
package struct CORSFilterConfig: Sendable, Equatable {
    package enum Origin: Sendable, Equatable {
        case any
        /// As browsers write it: `scheme://host[:port]` in lower case without a default port, or `null`.
        case exact(String)
        /// `scheme://*.host[:port]`: every name below.
        case below(scheme: String, suffix: String)
        case regex(String)
    }

    package var origins: [Located<Origin>] = [Located(.any)]
    package var methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    /// Lower-case; `*`: whatever is asked for.
    package var headers = ["authorization", "content-type"]
    package var expose: [String] = []
    package var credentials = false
    package var maxAge: Duration = .seconds(600)
    package var privateNetwork = false

    package init() {}
}

/// The description of `cors`.
enum CORSFilterSchema {
    private static let origin = ValueSchema<CORSFilterConfig.Origin>.either(
        ValueSchema<String>.text("origin", ["type": "string"]).map(
            render: { $0 == .any ? .string("*") : nil }, { text, node, context in parse(text, node, context) }),
        ObjectSchema(
            "origin-pattern", "Origins by a regular expression.", empty: "",
            fields: [
                .required("regex", \.self, .text, "It must match the whole origin.")
            ]
        ).value.map { pattern, _, _ in .regex(pattern) })

    private static func parse(
        _ text: String, _ node: ConfigNode, _ context: DecodingContext
    ) -> CORSFilterConfig.Origin? {
        func refuse(_ hint: String) -> CORSFilterConfig.Origin? {
            context.report(.invalidValue, "\(node.summary) is not an origin", at: node.position, hint: hint)
            return nil
        }
        if text == "*" { return .any }
        if text == "null" { return .exact("null") }
        guard let (scheme, authority) = text.lowercased().splitOnce("://"), !scheme.isEmpty,
            scheme.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D
            })
        else { return refuse("write https://app.example.com, https://*.example.com, *, or { regex: … }") }
        if authority.contains(where: { "/?#@".contains($0) }) {
            return refuse("an origin is scheme://host[:port], without a path")
        }
        let isWildcard = authority.hasPrefix("*.")
        let rest = isWildcard ? String(authority.dropFirst(2)) : authority
        guard !rest.contains("*") else {
            return refuse("a * stands for whole labels at the start: https://*.example.com")
        }
        guard case .success(let parts) = NetworkText.hostPort(rest),
            rest.hasPrefix("[") || NetworkText.isIPv4(parts.host) || NetworkText.isHostName(parts.host)
        else { return refuse("it has no valid host") }
        let isDefault = parts.port == (scheme == "https" ? 443 : scheme == "http" ? 80 : nil)
        let host = rest.hasPrefix("[") ? "[\(parts.host)]" : parts.host
        let written = parts.port == nil || isDefault ? host : "\(host):\(parts.port ?? 0)"
        return isWildcard ? .below(scheme: scheme, suffix: ".\(written)") : .exact("\(scheme)://\(written)")
    }

    private static let header = ValueSchema<String>.text("field name or *", ["type": "string"])
        .checked { text, node, context in
            if text == "*" || HTTPText.isToken(text) { return text.lowercased() }
            context.report(.invalidHeader, "\(node.summary) is not a field name", at: node.position)
            return nil
        }

    static let filter: ValueSchema<CORSFilterConfig> = object.value.checked { cors, node, context in
        let any = cors.origins.first { $0.value == .any }
        guard cors.credentials else { return cors }
        if let any {
            context.report(
                .conflictingKeys, "credentials with any origin would let every page act as the user",
                at: any.position == .unknown ? node.position : any.position, hint: "list the origins")
            return nil
        }
        if cors.headers.contains("*") || cors.methods.contains("*") || cors.expose.contains("*") {
            context.report(
                .conflictingKeys, "with credentials, * is no wildcard to browsers", at: node.position,
                hint: "list the names")
            return nil
        }
        for origin in cors.origins {
            switch origin.value {
            case .regex, .below, .exact("null"):
                context.report(
                    .riskySetting,
                    origin.value == .exact("null")
                        ? "every sandboxed page has the origin null, and may act as the user"
                        : "whoever gets a name that this matches may act as the user",
                    at: origin.position, hint: "list the origins")
            case .any, .exact: break
            }
        }
        return cors
    }

    static let object = ObjectSchema(
        "cors-middleware", "Which pages of other origins may read answers.", empty: CORSFilterConfig(),
        fields: [
            .field(
                "origins", \.origins,
                .list(of: origin.located, emptyMessage: "an empty list allows nothing; leave cors out"),
                "`https://app.example.com`, `https://*.example.com`, `{ regex: … }`, `null`, or `*` for any."),
            .field("methods", \.methods, .list(of: .method), "What preflights are told of methods."),
            .field("headers", \.headers, .list(of: header), "Request fields that pages may set; `*`: any."),
            .field("expose", \.expose, .list(of: header), "Response fields that pages may read; `*`: any."),
            .field("credentials", \.credentials, .bool, "Whether cookies and the like are sent along."),
            .field(
                "max_age", \.maxAge, .duration(.zero...(.seconds(86_400))),
                "How long a browser may keep the answer to a preflight."),
            .field(
                "private_network", \.privateNetwork, .bool,
                "Let pages of public sites reach this one in a private network."),
        ])
}

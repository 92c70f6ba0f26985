/// Where a client may put a credential: `header:NAME`, `cookie:NAME` or `query:NAME`.
package struct CredentialSourceConfig: Sendable, Equatable {
    package enum Place: String, Sendable { case header, cookie, query }

    package var place: Place
    /// Lower-case for a header.
    package var name: String

    package init(_ place: Place, _ name: String) {
        self.place = place
        self.name = name
    }

    package var text: String { "\(place.rawValue):\(name)" }
}

extension ValueSchema where Value == CredentialSourceConfig {
    static let credentialSource = ValueSchema<String>.text(
        "credential source", ["type": "string", "pattern": #"^(header|cookie|query):.+$|\$\{"#]
    )
    .map(render: { .string($0.text) }) { text, node, context in
        if let (kind, name) = text.splitOnce(":"), !name.isEmpty, name.utf8.count <= 128 {
            switch CredentialSourceConfig.Place(rawValue: kind) {
            case .header where HTTPText.isToken(name):
                return CredentialSourceConfig?.some(CredentialSourceConfig(.header, name.lowercased()))
            case .cookie where HTTPText.isToken(name): return CredentialSourceConfig(.cookie, name)
            case .query where HTTPText.isToken(name): return CredentialSourceConfig(.query, name)
            case .header, .cookie, .query, nil: break
            }
        }
        context.report(
            .invalidValue, "\(node.summary) is not a place for a credential", at: node.position,
            hint: "write header:NAME, cookie:NAME or query:NAME")
        return nil
    }
}

extension GatewayConfig {
    /// Names of query parameters that hold credentials, lower-case: their values go into no log.
    package var credentialParameters: [String] {
        let sources = allMiddleware.flatMap { middleware -> [CredentialSourceConfig] in
            switch middleware.filter {
            case .jwt(let jwt): return jwt.sources
            case .apiKey(let keys): return keys.sources
            default: return []
            }
        }
        return sources.filter { $0.place == .query }.map { $0.name.lowercased() }
    }
}

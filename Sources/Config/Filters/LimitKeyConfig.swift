/// What requests are counted by.
package enum LimitKeyConfig: Sendable, Equatable {
    /// The consumer where authentication found one, else the address.
    case client
    case clientIP, global, consumer, route
    case header(String), claim(String), cookie(String), query(String)
    /// A variable that a filter sets.
    case variable(String)
}

extension ValueSchema where Value == [LimitKeyConfig] {
    /// One key, or a list of keys that count together.
    static let limitKeys = ValueSchema<[LimitKeyConfig]>(
        .either([one.type, .list(of: one.type, atLeast: 1)])
    ) { node, context in
        if case .sequence = node.content {
            return ValueSchema<[LimitKeyConfig]>.list(of: one, emptyMessage: "an empty list counts nothing").decode(
                node, context)
        }
        return one.decode(node, context).map { [$0] }
    }

    private static let one = ValueSchema<String>.text(
        "limit key",
        [
            "type": "string",
            "pattern": #"^(client_ip|global|consumer|route|(header|claim|cookie|query|var):.+)$|\$\{"#,
        ]
    )
    .map { text, node, context in
        let plain: [String: LimitKeyConfig] = [
            "client_ip": .clientIP, "global": .global, "consumer": .consumer, "route": .route,
        ]
        if let key = plain[text] { return key }
        if let (kind, name) = text.splitOnce(":"), !name.isEmpty, name.utf8.count <= 128 {
            switch kind {
            case "header" where HTTPText.isToken(name): return LimitKeyConfig?.some(.header(name.lowercased()))
            case "claim": return .claim(name)
            case "cookie" where HTTPText.isToken(name): return .cookie(name)
            case "query" where HTTPText.isToken(name): return .query(name)
            case "var": return .variable(name)
            default: break
            }
        }
        context.report(
            .invalidValue, "\(node.summary) is not a key of a limit", at: node.position,
            hint: Suggestion.hint(for: text, among: plain.keys)
                ?? "write client_ip, global, consumer, route, header:NAME, claim:NAME, cookie:NAME, query:NAME or "
                + "var:NAME")
        return nil
    }
}

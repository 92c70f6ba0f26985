/// `forward-auth`: another service decides, by the status of its answer.
package struct ForwardAuthFilterConfig: Sendable, Equatable {
    package var upstream = UpstreamReference("")
    /// nil: the request's own, with its query.
    package var path: String?
    package var requestHeaders = ["authorization", "cookie"]
    /// Fields of its answer that the upstream gets; clients' own are dropped.
    package var responseHeaders: [String] = []
    /// Fields of its refusal that the client gets.
    package var clientHeaders = ["www-authenticate", "set-cookie", "location"]
    /// A field of its answer that names the client.
    package var consumerHeader: String?
    package var timeout: Duration = .seconds(1)
    package var cacheTTL: Duration = .zero
    package var cacheEntries = 4096

    package init() {}
}

/// The description of `forward-auth`.
enum ForwardAuthFilterSchema {
    private static let path = ValueSchema<String>.text("path", ["type": "string"]).checked { text, node, context in
        let isPath = text.hasPrefix("/") && text.utf8.count <= 2048 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        if isPath, !text.contains("#") { return text }
        context.report(.invalidPath, "\(node.summary) is not a path", at: node.position, hint: "write /verify")
        return nil
    }

    private static let fieldName = ValueSchema<String>.text("field name", ["type": "string"])
        .checked { text, node, context in
            if HTTPText.isToken(text) { return text.lowercased() }
            context.report(.invalidHeader, "\(node.summary) is not a field name", at: node.position)
            return nil
        }

    static let object = ObjectSchema(
        "forward-auth-middleware", "Another service decides, by the status of its answer.",
        empty: ForwardAuthFilterConfig(),
        fields: [
            .required("upstream", \.upstream, UpstreamReferenceSchema.value, "The service: a name or URL."),
            .optional("path", \.path, path, "What it is asked; left out: the request's own path and query."),
            .field("request_headers", \.requestHeaders, .list(of: fieldName), "Fields that it gets of the request."),
            .field(
                "response_headers", \.responseHeaders, .list(of: .editableFieldName),
                "Fields of its answer that the upstream gets; clients' own are dropped."),
            .field(
                "client_headers", \.clientHeaders, .list(of: fieldName), "Fields of its refusal that the client gets."),
            .optional(
                "consumer_header", \.consumerHeader, fieldName, "The field of its answer that names the client."),
            .field("timeout", \.timeout, TimeoutsSchema.any, "For its whole answer; 503 past it."),
            .field(
                "cache", \.cacheTTL, .duration(.zero...(.seconds(3600))),
                "How long an approval is remembered, for the same method, host, path, query and `request_headers`."),
            .field("cache_entries", \.cacheEntries, .integer(1...100_000), "Approvals that each worker remembers."),
        ])
}

/// `any`: one of several authentication filters has to let a request pass.
package struct AnyFilterConfig: Sendable, Equatable {
    /// Names under `middleware`.
    package var members: [Located<String>] = []
    package var isOptional = false

    package init() {}
}

/// The description of `any`.
enum AnyFilterSchema {
    private static let member = ValueSchema<Located<String>>(ValueSchema<String>.name.type) { node, context in
        guard let name = ValueSchema<String>.name.decode(node, context) else { return nil }
        context.middlewareReferences.append(
            DecodingContext.Reference(name: name, shown: node.summary, position: node.position, path: context.pathText))
        return Located(name, at: node.position)
    }

    static let object = ObjectSchema(
        "any-middleware", "One of several authentication filters has to let a request pass.",
        empty: AnyFilterConfig(),
        fields: [
            .required(
                "of", \.members, .list(of: member, emptyMessage: "an empty list lets nobody in"),
                "Names of `jwt`, `api-key` and `basic-auth` filters, asked in this order."),
            .field("optional", \.isOptional, .bool, "Let requests without any credential pass; a bad one never does."),
        ])
}

/// The built-in middleware types, and the two places that use them: definitions and references.
enum MiddlewareSchema {
    /// One built-in type.
    struct FilterType: Sendable {
        var name: String
        /// Its keys, without `type`.
        var description: ObjectDescription
        var decode: @Sendable (ConfigNode, DecodingContext) -> FilterConfig?
        /// What a route gets that names the type without a definition; nil where that would do nothing.
        var filterOnDefaults: FilterConfig?

        init<Config>(
            _ name: String, _ schema: ObjectSchema<Config>, onDefaults: FilterConfig?,
            _ filter: @escaping @Sendable (Config) -> FilterConfig
        ) {
            self.name = name
            description = Self.description(name, schema.description)
            decode = { node, context in schema.decode(node, context, ignoring: { $0 == "type" }).map(filter) }
            filterOnDefaults = onDefaults
        }

        /// - Parameters:
        ///   - schema: describes the keys.
        ///   - value: reads the same mapping, and checks what no single key can.
        init<Draft, Config>(
            _ name: String, _ schema: ObjectSchema<Draft>, _ value: ValueSchema<Config>,
            onDefaults: FilterConfig? = nil, _ filter: @escaping @Sendable (Config) -> FilterConfig
        ) {
            self.name = name
            description = Self.description(name, schema.description)
            decode = { node, context in value.decode(node.without("type"), context).map(filter) }
            filterOnDefaults = onDefaults
        }

        private static func description(_ name: String, _ own: ObjectDescription) -> ObjectDescription {
            var description = own
            description.fields.insert(
                FieldDescription(
                    key: "type", doc: "Left out in a definition: the definition's name.", type: .choice([name])), at: 0)
            return description
        }
    }

    static let types: [FilterType] = [
        FilterType("headers", headers, onDefaults: nil) { .headers($0) },
        FilterType("request-size", requestSize, onDefaults: .requestSize(requestSize.empty)) { .requestSize($0) },
        FilterType("lua", LuaSchema.filter, onDefaults: nil) { .lua($0) },
        FilterType("jwt", JWTFilterSchema.object, JWTFilterSchema.filter) { .jwt($0) },
        FilterType("api-key", APIKeyFilterSchema.object, APIKeyFilterSchema.filter) { .apiKey($0) },
        FilterType("rate-limit", RateLimitFilterSchema.object, RateLimitFilterSchema.filter) { .rateLimit($0) },
        FilterType("cors", CORSFilterSchema.object, CORSFilterSchema.filter, onDefaults: .cors(CORSFilterConfig())) {
            .cors($0)
        },
        FilterType("ip-filter", IPFilterSchema.object, IPFilterSchema.filter) { .ipFilter($0) },
        FilterType(
            "security-headers", SecurityHeadersFilterSchema.object,
            onDefaults: .securityHeaders(SecurityHeadersFilterConfig())
        ) { .securityHeaders($0) },
        FilterType("concurrency-limit", ConcurrencyLimitFilterSchema.object, onDefaults: nil) {
            .concurrencyLimit($0)
        },
        FilterType("basic-auth", BasicAuthFilterSchema.object, BasicAuthFilterSchema.filter) { .basicAuth($0) },
        FilterType("forward-auth", ForwardAuthFilterSchema.object, onDefaults: nil) { .forwardAuth($0) },
        FilterType("any", AnyFilterSchema.object, onDefaults: nil) { .any($0) },
    ]

    /// Types of the published format that this version does not implement.
    static let laterTypes: Set<String> = [
        "compress", "cache", "graphql", "waf",
    ]

    static func type(named name: String) -> FilterType? { types.first { $0.name == name } }

    // MARK: - Definitions and references

    static let definitions = ValueSchema.map(key: "name", of: definitionType) { entry, context in
        guard ValueSchema.checkedName(entry.key, at: entry.keyPosition, context) else { return MiddlewareConfig?.none }
        context.define(.middleware, entry.key, at: entry.keyPosition)
        return definition(named: entry.key, entry.value, at: entry.keyPosition, context)
    }

    static let reference = ValueSchema<MiddlewareReference>(
        .either([ValueSchema.name.type, definitionType])
    ) { node, context in
        if case .mapping = node.content {
            return definition(named: nil, node, at: node.position, context).map { .inline($0) }
        }
        guard let name = ValueSchema.name.decode(node, context) else { return nil }
        context.middlewareReferences.append(
            DecodingContext.Reference(name: name, shown: node.summary, position: node.position, path: context.pathText))
        return .named(Located(name, at: node.position))
    }

    private static var definitionType: TypeDescription { .either(types.map { .object($0.description) }) }

    /// - Parameter name: the key of a definition, which is its type too where `type` is left out; nil in a route.
    private static func definition(
        named name: String?, _ node: ConfigNode, at position: SourcePosition, _ context: DecodingContext
    ) -> MiddlewareConfig? {
        var typeName = name
        var typePosition = position
        if let typeNode = node["type"] {
            guard let text = context.inKey("type", { ValueSchema.text.decode(typeNode, context) }) else { return nil }
            typeName = text
            typePosition = typeNode.position
        }
        guard let typeName else {
            context.report(
                .missingKey, "a middleware in a route needs the key \"type\"", at: position,
                hint: "types: " + types.map(\.name).joined(separator: ", "))
            return nil
        }
        guard let type = type(named: typeName) else {
            if node["type"] != nil {
                context.inKey("type") { reportUnknownType(typeName, isGiven: true, at: typePosition, context) }
            } else {
                reportUnknownType(typeName, isGiven: false, at: typePosition, context)
            }
            return nil
        }
        guard let filter = type.decode(node, context) else { return nil }
        var ownName = name ?? typeName
        // In a route, several scripts would all be called by their type.
        if name == nil, case .lua(let lua) = filter { ownName = lua.script.value }
        var middleware = MiddlewareConfig(name: ownName, filter: filter)
        middleware.position = position
        return middleware
    }

    private static func reportUnknownType(
        _ name: String, isGiven: Bool, at position: SourcePosition, _ context: DecodingContext
    ) {
        if laterTypes.contains(name) {
            context.report(
                .unsupportedMiddleware, "the middleware type \(quoted(name)) is not supported by this version yet",
                at: position, hint: "supported types: " + types.map(\.name).joined(separator: ", "))
            return
        }
        let known = types.map(\.name) + laterTypes.sorted()
        context.report(
            .unknownMiddleware,
            isGiven
                ? "there is no middleware type \(quoted(name))"
                : "the definition has no \"type\", and its name \(quoted(name)) is no built-in type", at: position,
            hint: Suggestion.hint(for: name, among: known)
                ?? "supported types: " + types.map(\.name).joined(separator: ", "))
    }

    // MARK: - The types

    private static let headers = ObjectSchema(
        "headers-middleware", "Edits request and response fields.", empty: HeadersFilterConfig(),
        fields: [
            .field("request", \.request, edits.value, "Edits of the request before it goes to the upstream."),
            .field("response", \.response, edits.value, "Edits of the response before it goes to the client."),
        ])

    private static let edits = ObjectSchema(
        "header-edits", "Edits in the order remove, set, add.", empty: HeadersFilterConfig.Edits(),
        fields: [
            .field("remove", \.remove, .list(of: .editableFieldName), "Names of fields to drop."),
            .field("set", \.set, .headerLines, "Fields that replace all of the same name."),
            .field("add", \.add, .headerLines, "Fields that are added to those of the same name."),
        ])

    private static let requestSize = ObjectSchema(
        "request-size-middleware", "Bounds request bodies; 413 past the limit.",
        empty: RequestSizeFilterConfig(body: 1 << 20),
        fields: [
            .field("limit", \.body, LimitsSchema.body, "The largest request body."),
            .field(
                "require_content_length", \.requireContentLength, .bool,
                "Refuse a request with a body of unannounced length with 411."),
        ])
}

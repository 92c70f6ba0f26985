extension ScriptSchema {
    /// Reads the schema that a filter declares.
    ///
    /// An empty list counts as an empty mapping and the other way round, since Lua has one table for both.
    ///
    /// - Parameter node: JSON, read as the YAML that it is.
    /// - Throws: everything that is wrong, in the order of the schema.
    package static func decode(_ node: ConfigNode) throws(ScriptSchemaError) -> ScriptSchema {
        var reader = ScriptSchemaReader()
        var schema = reader.schema(node)
        if schema.types.isEmpty { schema.types = [.object] }
        if schema.types != [.object] { reader.refuse("the config of a filter is a mapping: write type = \"object\"") }
        if !reader.problems.isEmpty { throw ScriptSchemaError(reader.problems) }
        return schema
    }
}

/// Collects the problems of one schema while it is read.
struct ScriptSchemaReader {
    typealias Keyword = ScriptSchema.Keyword
    typealias ValueType = ScriptSchema.ValueType

    private(set) var problems: [ScriptSchemaError.Problem] = []
    private var pointer = ""
    private var depth = 0
    private var nodeCount = 0

    /// The keywords of the schema that is being read.
    typealias Keywords = [Keyword: ConfigNode]

    mutating func refuse(_ message: String) {
        guard problems.count < DecodingContext.errorsMax else { return }
        problems.append(ScriptSchemaError.Problem(pointer: pointer, message: message))
    }

    /// Names `step` in what `body` refuses.
    mutating func inStep<Result>(_ step: String, _ body: (inout ScriptSchemaReader) -> Result) -> Result {
        let outer = pointer
        pointer += "/"
        // RFC 6901 §3.
        for scalar in step.unicodeScalars {
            switch scalar {
            case "~": pointer += "~0"
            case "/": pointer += "~1"
            default: pointer.unicodeScalars.append(scalar)
            }
        }
        defer { pointer = outer }
        return body(&self)
    }

    // MARK: - A schema

    /// - Parameter isAlternative: it is one of `oneOf`, and may require what all alternatives have in common.
    /// - Returns: what could be made of it, after a report too.
    mutating func schema(_ node: ConfigNode, isAlternative: Bool = false) -> ScriptSchema {
        depth += 1
        nodeCount += 1
        defer { depth -= 1 }
        guard depth <= ScriptSchema.depthMax else {
            refuse("schemas nest deeper than \(ScriptSchema.depthMax) levels")
            return ScriptSchema()
        }
        guard nodeCount <= ScriptSchema.nodesMax else {
            if nodeCount == ScriptSchema.nodesMax + 1 { refuse("there are more than \(ScriptSchema.nodesMax) schemas") }
            return ScriptSchema()
        }
        guard let entries = entries(node) else {
            refuse("expected a schema, found \(node.jsonSummary)")
            return ScriptSchema()
        }
        let problemsBefore = problems.count
        let keywords = keywords(entries)
        var schema = ScriptSchema()
        annotations(keywords, &schema)
        types(keywords, &schema)
        numbers(keywords, &schema)
        counts(keywords, &schema)
        children(keywords, &schema)
        if let node = keywords[.oneOf] { inStep(Keyword.oneOf.rawValue) { $0.alternatives(node, &schema) } }
        if let node = keywords[.required] {
            inStep(Keyword.required.rawValue) { reader in
                schema.required = reader.requiredKeys(node)
                if !isAlternative { reader.checkRequired(schema.required, of: schema) }
            }
        }
        // What a wrong schema makes of its own literals would only repeat what is wrong with it.
        if problems.count == problemsBefore { literals(keywords, &schema) }
        return schema
    }

    private mutating func keywords(_ entries: [ConfigNode.Entry]) -> Keywords {
        var keywords: Keywords = [:]
        for entry in entries {
            if let keyword = Keyword(rawValue: entry.key) {
                keywords[keyword] = entry.value
                continue
            }
            inStep(entry.key) { reader in
                if entry.key == "pattern" {
                    reader.refuse(
                        "\"pattern\" is not supported: use \"format\" or \"enum\", or check the text in on_init")
                    return
                }
                let known = Keyword.allCases.map(\.rawValue)
                let hint = Suggestion.hint(for: entry.key, among: known) ?? "known: " + known.joined(separator: ", ")
                reader.refuse("unknown keyword \(quoted(entry.key)); \(hint)")
            }
        }
        return keywords
    }

    private mutating func annotations(_ keywords: Keywords, _ schema: inout ScriptSchema) {
        schema.title = read(.title, keywords, "text", \.jsonText)
        schema.doc = read(.description, keywords, "text", \.jsonText)
        schema.isSecret = read(.secret, keywords, "true or false", \.jsonBool) ?? false
        schema.isDeprecated = read(.deprecated, keywords, "true or false", \.jsonBool) ?? false
    }

    /// The value of a keyword; nil where it is absent, and after a report.
    private mutating func read<Value>(
        _ keyword: Keyword, _ keywords: Keywords, _ expected: String, _ value: (ConfigNode) -> Value?
    ) -> Value? {
        guard let node = keywords[keyword] else { return nil }
        if let value = value(node) { return value }
        inStep(keyword.rawValue) { $0.refuse("expected \(expected), found \(node.jsonSummary)") }
        return nil
    }

    /// The entries of a mapping, or of the list that an empty one became; nil for anything else.
    func entries(_ node: ConfigNode) -> [ConfigNode.Entry]? {
        switch node.content {
        case .mapping(let entries): entries
        case .sequence(let nodes) where nodes.isEmpty: []
        default: nil
        }
    }

    // MARK: - Types

    private mutating func types(_ keywords: Keywords, _ schema: inout ScriptSchema) {
        schema.format = read(
            .format, keywords, "one of " + ScriptSchema.Format.allCases.map(\.rawValue).joined(separator: ", ")
        ) { $0.jsonText.flatMap(ScriptSchema.Format.init) }
        let isQuantity = schema.isQuantity
        let isExplicit = keywords[.type] != nil
        if let node = keywords[.type] {
            schema.types = inStep(Keyword.type.rawValue) { $0.declaredTypes(node) }
        } else {
            schema.types = impliedTypes(keywords, isQuantity: isQuantity)
        }
        let numberTypes: [ValueType] = schema.format == .bytes ? [.integer, .number] : [.number]
        for keyword in Keyword.allCases where keywords[keyword] != nil && !keyword.types.isEmpty {
            if isQuantity, keyword == .minLength || keyword == .maxLength {
                inStep(keyword.rawValue) { $0.refuse("does not go with a duration or a size: use minimum and maximum") }
            }
            guard isExplicit, !schema.types.isEmpty else { continue }
            var fitting = keyword.types
            // A quantity is written as a text and read as a number, and may be declared as either.
            if isQuantity, keyword == .format || keyword.types.contains(.number) { fitting = [.string] + numberTypes }
            if !fitting.contains(where: schema.types.contains) {
                let words = fitting.map(\.rawValue).joined(separator: " or ")
                inStep(keyword.rawValue) { $0.refuse("needs the type \(words)") }
            }
        }
        if isQuantity {
            schema.types.removeAll { [.string, .number, .integer].contains($0) }
            schema.types.append(.string)
        }
    }

    private mutating func declaredTypes(_ node: ConfigNode) -> [ValueType] {
        let nodes: [ConfigNode]
        if case .sequence(let list) = node.content { nodes = list } else { nodes = [node] }
        var types: [ValueType] = []
        for node in nodes {
            let names = ValueType.allCases.map(\.rawValue)
            guard let text = node.jsonText, let type = ValueType(rawValue: text) else {
                let hint = node.jsonText.flatMap { Suggestion.hint(for: $0, among: names) }
                refuse(
                    "expected one of \(names.joined(separator: ", ")), found \(node.jsonSummary)"
                        + (hint.map { "; " + $0 } ?? ""))
                continue
            }
            if types.contains(type) { refuse("the type \(text) is there twice") } else { types.append(type) }
        }
        if nodes.isEmpty { refuse("the list of types is empty") }
        return types
    }

    /// What the keywords are about, and what the allowed values are.
    private func impliedTypes(_ keywords: Keywords, isQuantity: Bool) -> [ValueType] {
        var types: [ValueType] = []
        func add(_ type: ValueType?) { if let type, !types.contains(type) { types.append(type) } }
        for keyword in Keyword.allCases where keywords[keyword] != nil {
            add(isQuantity && keyword.types.contains(.number) ? .string : keyword.types.first)
        }
        if let constant = keywords[.constant] { add(constant.jsonType) }
        if case .sequence(let nodes)? = keywords[.enumeration]?.content {
            for node in nodes where node.jsonType != .null { add(node.jsonType) }
        }
        return types
    }

    // MARK: - Bounds

    private mutating func numbers(_ keywords: Keywords, _ schema: inout ScriptSchema) {
        let format = schema.format
        func number(_ node: ConfigNode) -> JSONValue? {
            if let number = node.jsonNumber { return number }
            guard let format, format.isQuantity, let text = node.jsonText else { return nil }
            return try? format.quantity(text).get()
        }
        let expected = schema.isQuantity ? "a number or \(schema.expectation)" : "a number"
        schema.numbers.minimum = read(.minimum, keywords, expected, number)
        schema.numbers.maximum = read(.maximum, keywords, expected, number)
        schema.numbers.exclusiveMinimum = read(.exclusiveMinimum, keywords, expected, number)
        schema.numbers.exclusiveMaximum = read(.exclusiveMaximum, keywords, expected, number)
        if schema.numbers.isEmpty {
            refuse("no number is \(schema.numbers.text(schema.format) ?? "allowed")")
        }
    }

    private mutating func counts(_ keywords: Keywords, _ schema: inout ScriptSchema) {
        func count(_ node: ConfigNode) -> Int? { node.jsonNumber?.whole.flatMap { $0 < 0 ? nil : $0 } }
        let expected = "a whole number that is not negative"
        schema.itemCounts.min = read(.minItems, keywords, expected, count)
        schema.itemCounts.max = read(.maxItems, keywords, expected, count)
        schema.lengths.min = read(.minLength, keywords, expected, count)
        schema.lengths.max = read(.maxLength, keywords, expected, count)
        schema.isUnique = read(.uniqueItems, keywords, "true or false", \.jsonBool) ?? false
        for (bounds, name) in [(schema.itemCounts, "Items"), (schema.lengths, "Length")] {
            if let min = bounds.min, let max = bounds.max, min > max {
                refuse("min\(name) \(min) is larger than max\(name) \(max)")
            }
        }
    }

    // MARK: - Schemas below

    private mutating func children(_ keywords: Keywords, _ schema: inout ScriptSchema) {
        if let node = keywords[.properties] {
            schema.properties = inStep(Keyword.properties.rawValue) { $0.properties(node) }
        }
        // An object that names its properties has no others.
        if keywords[.properties] != nil || keywords[.oneOf] != nil { schema.rest = .nothing }
        if let node = keywords[.additionalProperties] {
            schema.rest = inStep(Keyword.additionalProperties.rawValue) { reader in
                if let isAllowed = node.jsonBool { return isAllowed ? .anything : .nothing }
                return .each(reader.schema(node))
            }
        }
        if let node = keywords[.items] {
            schema.items = inStep(Keyword.items.rawValue) { .each($0.schema(node)) }
        }
    }

    private mutating func properties(_ node: ConfigNode) -> [ScriptSchema.Property] {
        guard let entries = entries(node) else {
            refuse("expected a mapping of key to schema, found \(node.jsonSummary)")
            return []
        }
        var properties: [ScriptSchema.Property] = []
        for entry in entries {
            inStep(entry.key) { reader in
                if properties.contains(where: { $0.key == entry.key }) { reader.refuse("the property is there twice") }
                properties.append(ScriptSchema.Property(key: entry.key, schema: reader.schema(entry.value)))
            }
        }
        return properties.sorted { $0.key < $1.key }
    }

    /// - Parameter common: the schema whose properties all alternatives have.
    mutating func checkRequired(_ required: [String], of schema: ScriptSchema, common: ScriptSchema? = nil) {
        let keys = schema.properties.map(\.key) + (common?.properties.map(\.key) ?? [])
        for (index, key) in required.enumerated() where !keys.contains(key) && key != schema.discriminator {
            let hint = Suggestion.hint(for: key, among: keys).map { "; " + $0 } ?? ""
            inStep(String(index)) { $0.refuse("\(quoted(key)) is no property\(hint)") }
        }
    }

    private mutating func requiredKeys(_ node: ConfigNode) -> [String] {
        let nodes: [ConfigNode]
        switch node.content {
        case .sequence(let list): nodes = list
        case .mapping(let entries) where entries.isEmpty: nodes = []
        default:
            refuse("expected a list of keys, found \(node.jsonSummary)")
            return []
        }
        var keys: [String] = []
        for (index, node) in nodes.enumerated() {
            inStep(String(index)) { reader in
                guard let key = node.jsonText else {
                    reader.refuse("expected a key, found \(node.jsonSummary)")
                    return
                }
                if keys.contains(key) { reader.refuse("\(quoted(key)) is there twice") }
                keys.append(key)
            }
        }
        return keys
    }
}

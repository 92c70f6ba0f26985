// The values that a schema holds itself, and the alternatives that a value tells apart.

extension ScriptSchemaReader {
    // MARK: - Literals

    /// Each is checked by the schema as far as it stands, so that no default is ever refused from an operator.
    mutating func literals(_ keywords: Keywords, _ schema: inout ScriptSchema) {
        if let node = keywords[.enumeration] {
            let plain = schema
            schema.enumeration = inStep(Keyword.enumeration.rawValue) { $0.enumeration(node, plain) }
        }
        if let node = keywords[.constant] {
            let plain = schema
            schema.constant = inStep(Keyword.constant.rawValue) { $0.literal(node, plain) }
        }
        if let node = keywords[.defaultValue] {
            let plain = schema
            schema.defaultValue = inStep(Keyword.defaultValue.rawValue) { $0.literal(node, plain) }
        }
    }

    private mutating func enumeration(_ node: ConfigNode, _ schema: ScriptSchema) -> [ScriptSchema.Literal] {
        guard case .sequence(let nodes) = node.content, !nodes.isEmpty else {
            refuse("expected a list of values that is not empty, found \(node.jsonSummary)")
            return []
        }
        var literals: [ScriptSchema.Literal] = []
        var seen: Set<JSONValue> = []
        for (index, node) in nodes.enumerated() {
            inStep(String(index)) { reader in
                guard let literal = reader.literal(node, schema) else { return }
                if !seen.insert(literal.value.canonical).inserted { reader.refuse("the value is there twice") }
                literals.append(literal)
            }
        }
        return literals
    }

    private mutating func literal(_ node: ConfigNode, _ schema: ScriptSchema) -> ScriptSchema.Literal? {
        if node.isNull {
            refuse("must not be null; give the type null to allow it")
            return nil
        }
        var check = ScriptConfigCheck(isLiteral: true)
        let value = check.value(node, schema)
        for finding in check.findings where finding.severity == .error {
            refuse(finding.message, below: finding.steps)
        }
        guard check.isClean, let value else {
            if check.findings.isEmpty { refuse("is not a value that the schema allows") }
            return nil
        }
        var asWritten = ScriptConfigCheck(isLiteral: true)
        let written = asWritten.value(node, ScriptSchema()) ?? value
        // An empty table is what its schema says it is.
        let isEmpty = written == .array([]) || written == .object([])
        return ScriptSchema.Literal(written: isEmpty ? value : written, value: value)
    }

    private mutating func refuse(_ message: String, below steps: [ScriptConfigCheck.Step]) {
        guard let first = steps.first else { return refuse(message) }
        let name: String =
            switch first {
            case .key(let key), .name(let key): key
            case .index(let index): String(index)
            }
        inStep(name) { $0.refuse(message, below: Array(steps.dropFirst())) }
    }

    // MARK: - Alternatives

    /// What an alternative may say; the rest belongs beside `oneOf`, where it holds for all of them.
    private static let alternativeKeywords: Set<Keyword> = [
        .type, .properties, .required, .additionalProperties, .title, .description,
    ]

    mutating func alternatives(_ node: ConfigNode, _ schema: inout ScriptSchema) {
        guard case .sequence(let nodes) = node.content, !nodes.isEmpty else {
            refuse("expected a list of schemas that is not empty, found \(node.jsonSummary)")
            return
        }
        // Where other types may stand, too, `oneOf` would have to say so for each of them.
        if schema.types != [.object] { refuse("needs the type object alone") }
        let problemsBefore = problems.count
        schema.alternatives = nodes.enumerated().map { index, node in
            inStep(String(index)) { $0.alternative(node) }
        }
        guard problems.count == problemsBefore else { return }
        schema.discriminator = Self.discriminator(of: schema.alternatives)
        guard let discriminator = schema.discriminator else {
            refuse("the alternatives need one property that all have, each with its own \"const\"")
            return
        }
        for (index, alternative) in schema.alternatives.enumerated() {
            inStep(String(index)) { reader in
                reader.check(alternative, among: schema, discriminator)
            }
        }
        checkDefault(of: schema, discriminator)
    }

    private mutating func alternative(_ node: ConfigNode) -> ScriptSchema {
        let alternative = schema(node, isAlternative: true)
        for entry in entries(node) ?? [] {
            if let keyword = Keyword(rawValue: entry.key), !Self.alternativeKeywords.contains(keyword) {
                inStep(entry.key) { $0.refuse("does not go into an alternative, but beside \"oneOf\"") }
            }
        }
        if alternative.types != [.object] { refuse("an alternative is a schema of the type object") }
        if alternative.rest != .nothing {
            refuse("an alternative names its properties, and additionalProperties belongs beside \"oneOf\"")
        }
        return alternative
    }

    private mutating func check(_ alternative: ScriptSchema, among schema: ScriptSchema, _ discriminator: String) {
        for property in alternative.properties where property.key != discriminator {
            guard schema.property(property.key) != nil else { continue }
            inStep(Keyword.properties.rawValue) { reader in
                reader.inStep(property.key) { $0.refuse("is already a property beside \"oneOf\"") }
            }
        }
        inStep(Keyword.required.rawValue) { $0.checkRequired(alternative.required, of: alternative, common: schema) }
    }

    private mutating func checkDefault(of schema: ScriptSchema, _ discriminator: String) {
        let defaults = schema.alternatives.compactMap { $0.property(discriminator)?.defaultValue }
        if defaults.count > 1 { refuse("only one alternative may give \(quoted(discriminator)) a default") }
        if schema.property(discriminator)?.defaultValue != nil, schema.defaultAlternative == nil {
            refuse("the default of \(quoted(discriminator)) names no alternative")
        }
    }

    /// The first property that all have with a `const` of their own.
    private static func discriminator(of alternatives: [ScriptSchema]) -> String? {
        guard let first = alternatives.first else { return nil }
        return first.properties.first { property in
            let constants = alternatives.compactMap { $0.property(property.key)?.constant?.value }
            let areScalars = constants.allSatisfy { constant in
                switch constant {
                case .string, .integer, .number, .bool: true
                case .array, .object: false
                }
            }
            return areScalars && constants.count == alternatives.count
                && Set(constants.map(\.canonical)).count == alternatives.count
        }?.key
    }
}

// MARK: - JSON

extension ConfigNode {
    /// The type of a JSON value that was read as YAML; nil where reading it failed.
    var jsonType: ScriptSchema.ValueType? {
        switch content {
        case .failed: return nil
        case .mapping: return .object
        case .sequence: return .array
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .string }
            if scalar.isNull { return .null }
            if JSONValue.truth(in: scalar.text) != nil { return .boolean }
            guard let number = JSONValue.number(in: scalar.text) else { return .string }
            if case .integer = number { return .integer }
            return .number
        }
    }

    var jsonText: String? {
        guard case .scalar(let scalar) = content, jsonType == .string else { return nil }
        return scalar.text
    }

    var jsonBool: Bool? {
        guard case .scalar(let scalar) = content, jsonType == .boolean else { return nil }
        return JSONValue.truth(in: scalar.text)
    }

    var jsonNumber: JSONValue? {
        guard case .scalar(let scalar) = content, scalar.style == .plain else { return nil }
        return JSONValue.number(in: scalar.text)
    }

    /// What this is, without quotation marks around numbers.
    var jsonSummary: String {
        switch jsonType {
        case .integer, .number, .boolean: String(summary.dropFirst().dropLast())
        default: summary
        }
    }
}

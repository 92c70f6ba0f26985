extension ScriptSchema {
    /// The `config` of one filter as the filter gets it, with defaults at every depth, or what is wrong with it.
    ///
    /// A value that is `null` is left out of what the filter gets, where the schema allows it at all.
    ///
    /// - Parameters:
    ///   - value: what stands under `config`; nil where it is left out, which means the schema's own default, or an
    ///     empty mapping.
    ///   - position: of the middleware, for an absent `config`.
    ///   - path: of `config` itself, such as `middleware[x].config`.
    /// - Returns: nil for the value after an error, here or when the file was read; warnings leave it whole. Objects
    ///   have their keys in alphabetical order.
    package func check(
        _ value: ConfigNode?, at position: SourcePosition, path: String
    ) -> (value: JSONValue?, diagnostics: [ConfigDiagnostic]) {
        let empty = ConfigNode(.mapping([]), at: position)
        var check = ScriptConfigCheck()
        let node = value.map { $0.isNull ? ConfigNode(.mapping([]), at: $0.position) : $0 } ?? empty
        if value?.isNull ?? true, let defaultValue { return (defaultValue.value, []) }
        let effective = check.value(node, self)
        var diagnostics = check.findings.map { finding in
            ConfigDiagnostic(
                finding.severity, code: finding.severity == .error ? "filter-config" : "filter-config-deprecated",
                finding.message, at: finding.position,
                path: finding.steps.reduce(EffectivePath(text: path)) { $0.appending($1) }.text, hint: finding.hint)
        }
        if check.errorCount > DecodingContext.errorsMax {
            diagnostics.append(
                ConfigDiagnostic(
                    .error, code: "filter-config",
                    "\(check.errorCount - DecodingContext.errorsMax) more errors are not shown", at: node.position,
                    path: path))
        }
        return (check.isClean ? effective : nil, diagnostics)
    }
}

/// One run over a value and its schema.
struct ScriptConfigCheck {
    typealias Step = EffectivePath.Step

    struct Finding {
        var severity: ConfigDiagnostic.Severity
        var message: String
        var position: SourcePosition
        var steps: [Step]
        var hint: String?
    }

    /// The value stands in the schema itself: JSON, where only what has quotation marks is text, and where an empty
    /// Lua table may have become a list or a mapping.
    var isLiteral = false
    private(set) var findings: [Finding] = []
    private(set) var errorCount = 0
    /// Parts that reading the file already reported.
    private var failedCount = 0
    private var steps: [Step] = []
    private var secretDepth = 0

    var isClean: Bool { errorCount == 0 && failedCount == 0 }

    init(isLiteral: Bool = false) {
        self.isLiteral = isLiteral
    }

    // MARK: - Reports

    private mutating func report(_ message: String, at position: SourcePosition, hint: String? = nil) {
        errorCount += 1
        guard errorCount <= DecodingContext.errorsMax else { return }
        findings.append(Finding(severity: .error, message: message, position: position, steps: steps, hint: hint))
    }

    /// - Parameter hint: one that repeats parts of the value.
    private mutating func report(_ node: ConfigNode, _ problem: String, hint: String? = nil) {
        let isShown = isShown(node)
        report(
            (isShown ? node.summary : "the value") + " " + problem, at: node.position, hint: isShown ? hint : nil)
    }

    private mutating func report(_ node: ConfigNode, _ refusal: TextRefusal) {
        guard isShown(node) else {
            return report("the value " + refusal.problem, at: node.position, hint: refusal.hint)
        }
        let detail = refusal.detail.map { ": " + quoted($0) } ?? ""
        report("\(node.summary) \(refusal.problem)\(detail)", at: node.position, hint: refusal.hint ?? refusal.echo)
    }

    private mutating func reportType(_ node: ConfigNode, _ schema: ScriptSchema, hint: String? = nil) {
        let isShown = isShown(node)
        report(
            "expected \(schema.expectation), found " + (isShown ? node.summary : "another value"), at: node.position,
            hint: isShown ? hint : nil)
    }

    private func isShown(_ node: ConfigNode) -> Bool { secretDepth == 0 && !node.isExpanded }

    private mutating func inStep<Result>(
        _ step: Step, _ body: (inout ScriptConfigCheck) -> Result
    ) -> Result {
        steps.append(step)
        defer { steps.removeLast() }
        return body(&self)
    }

    // MARK: - Values

    /// - Returns: nil for null, and after a report.
    mutating func value(_ node: ConfigNode, _ schema: ScriptSchema) -> JSONValue? {
        if schema.isSecret { secretDepth += 1 }
        defer { if schema.isSecret { secretDepth -= 1 } }
        switch node.content {
        case .failed:
            failedCount += 1
            return nil
        case .scalar(let scalar): return self.scalar(scalar, node, schema)
        case .mapping(let entries):
            if isLiteral, entries.isEmpty, !schema.accepts(.object), schema.accepts(.array) {
                return list([], node, schema)
            }
            if schema.accepts(.object) { return object(entries, node, schema) }
        case .sequence(let nodes):
            if isLiteral, nodes.isEmpty, !schema.accepts(.array), schema.accepts(.object) {
                return object([], node, schema)
            }
            if schema.accepts(.array) { return list(nodes, node, schema) }
        }
        reportType(node, schema)
        return nil
    }

    private mutating func rest(_ rest: ScriptSchema.Rest, _ node: ConfigNode) -> JSONValue? {
        if case .each(let schema) = rest { return value(node, schema) }
        return value(node, ScriptSchema())
    }

    /// The allowed value that equals `value`, as the schema writes it; nil after a report.
    private mutating func allowed(_ value: JSONValue, _ node: ConfigNode, _ schema: ScriptSchema) -> JSONValue? {
        guard !schema.allowed.isEmpty else { return value }
        let wanted = value.canonical
        if let match = schema.allowed.first(where: { $0.value.canonical == wanted }) { return match.value }
        reportNotAllowed(node, schema)
        return nil
    }

    private mutating func reportNotAllowed(_ node: ConfigNode, _ schema: ScriptSchema) {
        guard secretDepth == 0 else { return report("the value is not one that is allowed", at: node.position) }
        let values = schema.allowed.map(\.written)
        var hint: String?
        if case .scalar(let scalar) = node.content {
            let words = values.map(\.word)
            hint = Suggestion.hint(for: scalar.text, among: words)
            if hint == nil, words.contains(scalar.text) {
                hint = scalar.style == .quoted ? "remove the quotation marks" : "put it in quotation marks"
            }
        }
        report(node, "is not \(values.count == 1 ? "" : "one of ")\(JSONValue.words(values))", hint: hint)
    }

    // MARK: - Lists

    private mutating func list(
        _ nodes: [ConfigNode], _ node: ConfigNode, _ schema: ScriptSchema
    ) -> JSONValue? {
        var values: [JSONValue] = []
        values.reserveCapacity(nodes.count)
        var indices: [JSONValue: Int] = [:]
        for (index, item) in nodes.enumerated() {
            inStep(.index(index)) { check in
                let problemsBefore = check.errorCount + check.failedCount
                guard let value = check.rest(schema.items, item) else {
                    if check.errorCount + check.failedCount == problemsBefore {
                        check.report("an item of a list cannot be null", at: item.position)
                    }
                    return
                }
                if schema.isUnique, let first = indices.updateValue(index, forKey: value.canonical) {
                    indices[value.canonical] = first
                    check.report(item, "is already in the list, as item \(first + 1)")
                }
                values.append(value)
            }
        }
        if !schema.itemCounts.contains(nodes.count) {
            report(
                "the list has \(nodes.count) \(nodes.count == 1 ? "item" : "items"), "
                    + "\(schema.itemCounts.text) may be there", at: node.position)
        }
        return allowed(.array(values), node, schema)
    }

    // MARK: - Objects

    private mutating func object(
        _ entries: [ConfigNode.Entry], _ node: ConfigNode, _ schema: ScriptSchema
    ) -> JSONValue? {
        let chosen = schema.alternatives.isEmpty ? nil : alternative(entries, node, schema)
        // The properties of the alternative come first: of the discriminator, they have the one value.
        let properties = (chosen?.properties ?? []) + schema.properties
        let isUndecided = chosen == nil && !schema.alternatives.isEmpty
        var given: Set<String> = []
        var members: [JSONValue.Member] = []
        for entry in entries {
            given.insert(entry.key)
            if isUndecided {
                let isOfAny = schema.alternatives.contains { $0.property(entry.key) != nil }
                if isOfAny || entry.key == schema.discriminator { continue }
            }
            let property = properties.first { $0.key == entry.key }
            let value = inStep(.key(entry.key)) { check in
                if let property { return check.property(entry, property.schema) }
                if schema.rest == .nothing {
                    check.reportUnknown(entry, properties, schema)
                    return nil
                }
                return check.rest(schema.rest, entry.value)
            }
            if let value { members.append(JSONValue.Member(key: property?.key ?? entry.key, value: value)) }
        }
        let required = Set(schema.required + (chosen?.required ?? []))
        for property in properties where given.insert(property.key).inserted {
            // The default alternative may be named by the default of the common property alone.
            let constant = property.key == schema.discriminator ? property.schema.constant?.value : nil
            if let filler = property.schema.filler ?? constant {
                members.append(JSONValue.Member(key: property.key, value: filler))
            } else if required.contains(property.key), !(isUndecided && property.key == schema.discriminator) {
                report(
                    "the key \(quoted(property.key)) is missing", at: node.position, hint: property.schema.hint)
            }
        }
        members.sort { $0.key < $1.key }
        return allowed(.object(members), node, schema)
    }

    private mutating func property(_ entry: ConfigNode.Entry, _ schema: ScriptSchema) -> JSONValue? {
        if schema.isDeprecated, findings.count < 2 * DecodingContext.errorsMax {
            findings.append(
                Finding(
                    severity: .warning, message: "the key \(quoted(entry.key)) is deprecated",
                    position: entry.keyPosition, steps: steps, hint: schema.hint))
        }
        return value(entry.value, schema)
    }

    private mutating func reportUnknown(
        _ entry: ConfigNode.Entry, _ properties: [ScriptSchema.Property], _ schema: ScriptSchema
    ) {
        var keys: [String] = []
        for property in properties where !keys.contains(property.key) { keys.append(property.key) }
        keys.sort()
        report(
            "there is no key \(quoted(entry.key)) here", at: entry.keyPosition,
            hint: Suggestion.hint(for: entry.key, among: keys)
                ?? (keys.isEmpty ? "no key may stand here" : "known keys: " + JSONValue.words(keys.map { .string($0) }))
        )
    }

    /// The alternative that the discriminator names; nil after a report.
    private mutating func alternative(
        _ entries: [ConfigNode.Entry], _ node: ConfigNode, _ schema: ScriptSchema
    ) -> ScriptSchema? {
        guard let key = schema.discriminator else { return nil }
        let choices = schema.alternatives.map { $0.property(key) ?? ScriptSchema() }
        guard let entry = entries.first(where: { $0.key == key }), !entry.value.isNull else {
            if let index = schema.defaultAlternative { return schema.alternatives[index] }
            report(
                "the key \(quoted(key)) is missing", at: node.position,
                hint: "it is one of " + JSONValue.words(choices.compactMap { $0.constant?.written }))
            return nil
        }
        var union = ScriptSchema()
        union.isSecret = schema.property(key)?.isSecret ?? choices.contains(where: \.isSecret)
        union.enumeration = choices.compactMap(\.constant)
        for choice in choices { union.types += choice.types.filter { !union.types.contains($0) } }
        guard let value = inStep(.key(key), { $0.value(entry.value, union) }) else { return nil }
        return schema.alternatives.first { $0.property(key)?.constant?.value == value }
    }

    // MARK: - Scalars

    private mutating func scalar(
        _ scalar: ConfigNode.Scalar, _ node: ConfigNode, _ schema: ScriptSchema
    ) -> JSONValue? {
        if isNull(scalar, schema) {
            if schema.accepts(.null) { return nil }
            // A key without a value is an empty mapping or list.
            if schema.accepts(.object) { return object([], node, schema) }
            if schema.accepts(.array) { return list([], node, schema) }
            reportType(node, schema)
            return nil
        }
        let candidates = candidates(scalar, schema)
        if schema.isQuantity, candidates.isEmpty, schema.accepts(.string) {
            return quantity(scalar, node, schema)
        }
        guard let first = candidates.first else {
            reportType(node, schema, hint: typeHint(scalar, node, schema))
            return nil
        }
        if !schema.allowed.isEmpty {
            // `12` may be meant as the number or as the text, whichever is allowed.
            for candidate in candidates {
                let match = schema.allowed.first { $0.value.canonical == candidate.canonical }
                if let match { return match.value }
            }
            reportNotAllowed(node, schema)
            return nil
        }
        return isWithin(first, node, schema) ? first : nil
    }

    private func isNull(_ scalar: ConfigNode.Scalar, _ schema: ScriptSchema) -> Bool {
        if scalar.style != .expanded { return scalar.isNull }
        // An empty variable is an empty text wherever text may stand.
        return schema.types.contains(.null) && !schema.accepts(.string) && ConfigNode.Scalar(scalar.text).isNull
    }

    /// What the text may mean here, the most special first; quantities aside.
    private func candidates(_ scalar: ConfigNode.Scalar, _ schema: ScriptSchema) -> [JSONValue] {
        var found: [JSONValue] = []
        var isText = schema.accepts(.string) && !schema.isQuantity
        // Where anything may stand, nothing says that a variable means a number.
        if scalar.style == .plain || scalar.style == .expanded && !schema.types.isEmpty {
            let truth = JSONValue.truth(in: scalar.text)
            let number = JSONValue.number(in: scalar.text)
            if schema.accepts(.boolean), let truth { found.append(.bool(truth)) }
            if let number {
                if schema.accepts(.number) {
                    found.append(number)
                } else if schema.accepts(.integer), let whole = number.whole {
                    found.append(.integer(whole))
                }
            }
            if isLiteral, truth != nil || number != nil { isText = false }
        }
        if isText { found.append(.string(scalar.text)) }
        return found
    }

    private mutating func quantity(
        _ scalar: ConfigNode.Scalar, _ node: ConfigNode, _ schema: ScriptSchema
    ) -> JSONValue? {
        guard let format = schema.format else { return nil }
        switch format.quantity(scalar.text) {
        case .failure(let refusal):
            report(node, refusal)
            return nil
        case .success(let value):
            guard let allowed = allowed(value, node, schema) else { return nil }
            return isWithin(allowed, node, schema) ? allowed : nil
        }
    }

    /// True if the value keeps the bounds and the format of its type; otherwise the reason was reported.
    private mutating func isWithin(_ value: JSONValue, _ node: ConfigNode, _ schema: ScriptSchema) -> Bool {
        switch value {
        case .integer, .number:
            if schema.numbers.contains(value) { return true }
            report(node, "is out of range, \(schema.numbers.text(schema.format) ?? "nothing") is allowed")
            return false
        case .string(let text):
            let count = text.unicodeScalars.count
            guard schema.lengths.contains(count) else {
                report(
                    node, "has \(count) \(count == 1 ? "character" : "characters"), \(schema.lengths.text) may be there"
                )
                return false
            }
            guard let refusal = schema.format?.refusal(of: text) else { return true }
            report(node, refusal)
            return false
        case .bool, .array, .object: return true
        }
    }

    private func typeHint(
        _ scalar: ConfigNode.Scalar, _ node: ConfigNode, _ schema: ScriptSchema
    ) -> String? {
        if scalar.style == .quoted, !candidates(ConfigNode.Scalar(scalar.text), schema).isEmpty {
            return "remove the quotation marks"
        }
        if JSONValue.isDecimal(scalar.text), schema.accepts(.number) || schema.accepts(.integer) {
            return JSONValue.number(in: scalar.text) == nil ? "the number is too large" : "write a whole number"
        }
        if schema.types == [.boolean] {
            switch scalar.text.lowercased() {
            case "yes", "on", "1": return "write true"
            case "no", "off", "0": return "write false"
            default: return nil
            }
        }
        return schema.types == [.array] ? "write [\(node.summary)]" : nil
    }
}

extension ScriptSchema {
    /// The JSON Schema (draft 2020-12) that an editor checks a `config` with.
    ///
    /// It admits what may be written, which is more than what the filter gets: `${NAME}`, text without quotation
    /// marks, and durations and sizes with their units. Defaults of secrets are left out.
    package func document() -> JSONValue {
        .object([member("$schema", "https://json-schema.org/draft/2020-12/schema")] + members())
    }

    private func member(_ key: String, _ value: JSONValue) -> JSONValue.Member {
        JSONValue.Member(key: key, value: value)
    }

    /// - Parameter admitsVariables: not where two alternatives would admit the same text.
    private func members(admitsVariables: Bool = true) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if let title { members.append(member("title", .string(title))) }
        let description = [doc, formatText].compactMap { $0 }.joined(separator: " ")
        if !description.isEmpty { members.append(member("description", .string(description))) }
        if let defaultValue, secretPointers.isEmpty { members.append(member("default", defaultValue.written)) }
        if isDeprecated { members.append(member("deprecated", true)) }
        if isSecret { members.append(member("x-secret", true)) }
        let constraints = allowed.isEmpty ? typeMembers : allowedMembers
        if admitsVariables, mayBeWrittenAsVariable {
            let variable: JSONValue = ["type": "string", "pattern": #"\$\{"#]
            members.append(member("anyOf", [.object(constraints), variable]))
        } else {
            members += constraints
        }
        return members
    }

    /// A scalar may stand here, and its schema would refuse the text `${NAME}`.
    private var mayBeWrittenAsVariable: Bool {
        let scalars: [ValueType] = [.string, .integer, .number, .boolean]
        guard types.contains(where: scalars.contains) else { return false }
        let isFreeText = types.contains(.string) && format == nil && lengths == CountBounds() && allowed.isEmpty
        return !isFreeText
    }

    private var formatText: String? {
        let bounds = numbers.text(format).map { ", \($0)" } ?? ""
        switch format {
        case .headerName: return "A header field name."
        case .host: return "A host name or IP address, without a port."
        case .uriPath: return "A path that starts with a slash, percent-encoded where needed."
        case .duration: return "A duration such as 250ms, 5s, 1m30s or 1h\(bounds)."
        case .bytes: return "Bytes, plain or with a unit: 4096, 64KiB, 10MiB, 1GiB\(bounds)."
        case .cidr: return "An IP address, or a network such as 10.0.0.0/8."
        case .regex: return "A regular expression of at most \(Self.regexBytesMax) bytes."
        case nil: return nil
        }
    }

    // MARK: - Constraints

    private var allowedMembers: [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if let constant {
            members.append(member("const", constant.written))
        } else {
            members.append(member("enum", .array(enumeration.map(\.written))))
        }
        guard types.contains(.null) else { return members }
        return [member("anyOf", [.object(members), ["type": "null"]])]
    }

    private var typeMembers: [JSONValue.Member] {
        guard !types.isEmpty else { return [] }
        var members = [member("type", typeNames)]
        if types.contains(.string) { members += textMembers }
        if !isQuantity, types.contains(.integer) || types.contains(.number) { members += numberMembers }
        if types.contains(.array) { members += listMembers }
        if types.contains(.object) { members += objectMembers }
        return members
    }

    private var typeNames: JSONValue {
        var names: [String] = []
        for type in types {
            names.append(type.rawValue)
            switch type {
            case .string:
                switch format {
                case .bytes: names.append("integer")
                // No number is one of these.
                case .duration, .host, .uriPath, .cidr: break
                // Text needs no quotation marks, whatever it looks like.
                case .headerName, .regex, nil: names += ["number", "boolean"]
                }
            // A key without a value is an empty mapping or list.
            case .array, .object: names.append("null")
            default: break
            }
        }
        var distinct: [JSONValue] = []
        for name in names where !distinct.contains(.string(name)) { distinct.append(.string(name)) }
        return distinct.count == 1 ? distinct[0] : .array(distinct)
    }

    private var textMembers: [JSONValue.Member] {
        var members = countMembers(lengths, "Length")
        let pattern: String? =
            switch format {
            case .headerName: #"^[0-9A-Za-z!#$%&'*+.^_`|~-]+$"#
            case .uriPath: "^/"
            case .duration: #"^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"#
            case .bytes: "^[0-9]+(KiB|MiB|GiB|TiB)?$"
            case .cidr: "^[0-9A-Fa-f.:]+(/[0-9]+)?$"
            case .host: #"^[0-9A-Za-z_.:\[\]-]+$"#
            case .regex, nil: nil
            }
        if let pattern { members.append(member("pattern", .string(pattern))) }
        if format == .regex, lengths.min == nil { members.append(member("minLength", 1)) }
        return members
    }

    private var numberMembers: [JSONValue.Member] {
        let bounds = [
            ("minimum", numbers.minimum), ("maximum", numbers.maximum), ("exclusiveMinimum", numbers.exclusiveMinimum),
            ("exclusiveMaximum", numbers.exclusiveMaximum),
        ]
        return bounds.compactMap { key, bound in bound.map { member(key, $0) } }
    }

    private var listMembers: [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if case .each(let schema) = items { members.append(member("items", .object(schema.members()))) }
        members += countMembers(itemCounts, "Items")
        if isUnique { members.append(member("uniqueItems", true)) }
        return members
    }

    private var objectMembers: [JSONValue.Member] {
        var members = propertyMembers
        if !alternatives.isEmpty {
            let schemas: [JSONValue] = alternatives.enumerated().map { index, alternative in
                .object(alternativeMembers(alternative, isDefault: index == defaultAlternative))
            }
            members.append(member("oneOf", .array(schemas)))
        }
        // What an alternative names is not additional, which only this keyword knows.
        let key = alternatives.isEmpty ? "additionalProperties" : "unevaluatedProperties"
        switch rest {
        case .nothing: members.append(member(key, false))
        case .anything: break
        case .each(let schema): members.append(member(key, .object(schema.members())))
        }
        return members
    }

    private var propertyMembers: [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if !properties.isEmpty {
            members.append(
                member("properties", .object(properties.map { member($0.key, .object($0.schema.members())) })))
        }
        // The default of a required key stands in for it.
        let required = required.filter { property($0)?.filler == nil && $0 != discriminator }
        if !required.isEmpty { members.append(member("required", .array(required.map { .string($0) }))) }
        return members
    }

    private func alternativeMembers(_ alternative: ScriptSchema, isDefault: Bool) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if let title = alternative.title { members.append(member("title", .string(title))) }
        if let doc = alternative.doc { members.append(member("description", .string(doc))) }
        // A key without a value is an empty mapping, which only the default alternative admits.
        members.append(member("type", isDefault ? ["object", "null"] : "object"))
        members.append(
            member(
                "properties",
                .object(
                    alternative.properties.map { property in
                        let isDiscriminator = property.key == discriminator
                        return member(
                            property.key, .object(property.schema.members(admitsVariables: !isDiscriminator)))
                    })))
        var required: [String] = []
        if let discriminator, !isDefault { required.append(discriminator) }
        for key in alternative.required where key != discriminator {
            if (alternative.property(key) ?? property(key))?.filler == nil { required.append(key) }
        }
        if !required.isEmpty { members.append(member("required", .array(required.map { .string($0) }))) }
        return members
    }

    private func countMembers(_ bounds: CountBounds, _ name: String) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if let min = bounds.min { members.append(member("min" + name, .integer(min))) }
        if let max = bounds.max { members.append(member("max" + name, .integer(max))) }
        return members
    }
}

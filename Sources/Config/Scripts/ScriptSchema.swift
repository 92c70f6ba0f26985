/// What a Lua filter says its `config` holds: a subset of JSON Schema (draft 2020-12), checked without entering Lua.
///
/// Stricter than JSON Schema where that helps an operator: an object that names its properties takes no others, and a
/// keyword without `type` implies the type that it is about, so that `minimum` alone refuses a text.
/// Objects hold their keys in alphabetical order, since Lua tables have none.
package struct ScriptSchema: Sendable, Equatable {
    /// A whole schema may nest this deep; the deepest of the shipped filters needs four levels.
    static let depthMax = 16
    /// Schemas within one schema, itself included.
    static let nodesMax = 500
    /// A pattern that is longer takes more to compile than a filter may spend when it is loaded.
    static let regexBytesMax = 4096

    enum ValueType: String, Sendable, CaseIterable {
        case string, integer, number, boolean, array, object, null

        /// In a sentence after "expected".
        var words: String {
            switch self {
            case .string: "text"
            case .integer: "an integer"
            case .number: "a number"
            case .boolean: "true or false"
            case .array: "a list"
            case .object: "a mapping"
            case .null: "nothing"
            }
        }
    }

    enum Format: String, Sendable, CaseIterable {
        case headerName = "header-name"
        case host
        case uriPath = "uri-path"
        case duration, bytes, cidr, regex

        /// Written as text or digits, and read as a number: of seconds, or of bytes.
        var isQuantity: Bool { self == .duration || self == .bytes }
    }

    /// A value that the schema itself holds.
    struct Literal: Sendable, Equatable {
        /// As the schema writes it, such as `"5s"`.
        var written: JSONValue
        /// As the filter gets it, such as 5.
        var value: JSONValue
    }

    struct Property: Sendable, Equatable {
        var key: String
        var schema: ScriptSchema
    }

    /// What holds for the items of a list, and for the keys of an object that are no properties.
    indirect enum Rest: Sendable, Equatable {
        case nothing, anything
        case each(ScriptSchema)
    }

    /// Empty: any value.
    var types: [ValueType] = []
    var title: String?
    var doc: String?
    var isSecret = false
    var isDeprecated = false

    var enumeration: [Literal] = []
    var constant: Literal?
    var defaultValue: Literal?

    /// By key.
    var properties: [Property] = []
    var required: [String] = []
    var rest = Rest.anything
    /// Further properties, one set of which holds, by the value of `discriminator`.
    var alternatives: [ScriptSchema] = []
    var discriminator: String?

    var items = Rest.anything
    var itemCounts = CountBounds()
    var isUnique = false

    var numbers = NumberBounds()
    /// In Unicode scalars, as JSON Schema counts.
    var lengths = CountBounds()
    var format: Format?

    // MARK: - What follows from it

    var isQuantity: Bool { format?.isQuantity ?? false }

    func accepts(_ type: ValueType) -> Bool { types.isEmpty || types.contains(type) }

    /// The values that are allowed where only some are.
    var allowed: [Literal] { constant.map { [$0] } ?? enumeration }

    func property(_ key: String) -> ScriptSchema? { properties.first { $0.key == key }?.schema }

    /// What stands for an absent property: its default, or an object of the defaults below it.
    ///
    /// There is no such object where the schema requires a key that has no default: the operator who leaves such an
    /// object out must not be told that a key in it is missing.
    var filler: JSONValue? {
        if let defaultValue { return defaultValue.value }
        guard types == [.object], alternatives.isEmpty, allowed.isEmpty else { return nil }
        var members: [JSONValue.Member] = []
        for property in properties {
            if let value = property.schema.filler {
                members.append(JSONValue.Member(key: property.key, value: value))
            } else if required.contains(property.key) {
                return nil
            }
        }
        return members.isEmpty ? nil : .object(members)
    }

    /// The alternative that holds when the discriminator is left out.
    var defaultAlternative: Int? {
        guard let discriminator else { return nil }
        if let value = property(discriminator)?.defaultValue?.value {
            return alternatives.firstIndex { $0.property(discriminator)?.constant?.value == value }
        }
        return alternatives.firstIndex { $0.property(discriminator)?.defaultValue != nil }
    }

    /// The paths of the values that must not be shown, each once; `*` stands for every item of a list and every key
    /// that is no property. What lies below a secret is not listed on its own.
    package var secretPointers: [[String]] {
        if isSecret { return [[]] }
        var found: [[String]] = []
        func add(_ schema: ScriptSchema, under step: String) {
            for pointer in schema.secretPointers where !found.contains([step] + pointer) {
                found.append([step] + pointer)
            }
        }
        for property in properties { add(property.schema, under: property.key) }
        for alternative in alternatives {
            for property in alternative.properties { add(property.schema, under: property.key) }
        }
        for rest in [rest, items] {
            if case .each(let schema) = rest { add(schema, under: "*") }
        }
        return found
    }

    /// The description as a hint: its first line, without what a terminal acts on.
    var hint: String? {
        guard let line = doc?.split(whereSeparator: \.isNewline).first else { return nil }
        var text = ""
        for scalar in line.unicodeScalars.prefix(160) where scalar.properties.generalCategory != .control {
            text.unicodeScalars.append(scalar)
        }
        return text.isEmpty ? nil : text
    }

    /// What may stand here, after "expected".
    var expectation: String {
        let quantity: String? =
            switch format {
            case .duration: "a duration such as 5s"
            case .bytes: "a size such as 64KiB"
            default: nil
            }
        return types.map { $0 == .string ? quantity ?? $0.words : $0.words }.joined(separator: " or ")
    }
}

/// Everything that is wrong with a filter's schema.
package struct ScriptSchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    package struct Problem: Sendable, Equatable {
        /// A JSON pointer (RFC 6901) into the schema; empty for the whole.
        package var pointer: String
        package var message: String

        package init(pointer: String, message: String) {
            self.pointer = pointer
            self.message = message
        }
    }

    package var problems: [Problem]

    package init(_ problems: [Problem]) {
        self.problems = problems
    }

    package var description: String {
        problems.map { "schema\($0.pointer): \($0.message)" }.joined(separator: "\n")
    }
}

extension ScriptSchema {
    /// The subset of JSON Schema's keywords, and our own `secret`.
    enum Keyword: String, CaseIterable {
        case type
        case enumeration = "enum"
        case constant = "const"
        case defaultValue = "default"
        case required, properties, additionalProperties
        case items, minItems, maxItems, uniqueItems
        case minimum, maximum, exclusiveMinimum, exclusiveMaximum
        case minLength, maxLength, format
        case oneOf, description, title, secret, deprecated

        /// The types that it is about, the one that it implies first; empty for those that go with any.
        var types: [ValueType] {
            switch self {
            case .required, .properties, .additionalProperties, .oneOf: [.object]
            case .items, .minItems, .maxItems, .uniqueItems: [.array]
            case .minimum, .maximum, .exclusiveMinimum, .exclusiveMaximum: [.number, .integer]
            case .minLength, .maxLength, .format: [.string]
            case .type, .enumeration, .constant, .defaultValue, .description, .title, .secret, .deprecated: []
            }
        }
    }
}

/// One mapping of the format: its keys, what each holds and means, and where the value goes.
///
/// This is the single description that decodes, rejects unknown keys, and prints the JSON Schema and the reference.
struct ObjectSchema<Owner: Sendable>: Sendable {
    let name: String
    let doc: String
    /// What a mapping without any key gives; the documents take their defaults from here.
    let empty: Owner
    let fields: [FieldSchema<Owner>]
    /// Keys of the published format that this version does not implement.
    let unsupportedKeys: Set<String>
    /// Gets the place of the mapping.
    let setPosition: (@Sendable (inout Owner, SourcePosition) -> Void)?
    private let fieldIndices: [String: Int]

    init(
        _ name: String, _ doc: String, empty: Owner,
        position: (@Sendable (inout Owner, SourcePosition) -> Void)? = nil, unsupportedKeys: Set<String> = [],
        fields: [FieldSchema<Owner>]
    ) {
        self.name = name
        self.doc = doc
        self.empty = empty
        self.fields = fields
        self.unsupportedKeys = unsupportedKeys
        setPosition = position
        fieldIndices = Dictionary(uniqueKeysWithValues: fields.indices.map { (fields[$0].key, $0) })
    }

    /// The name in a sentence.
    private var words: String { name.split(separator: "-").joined(separator: " ") }

    var description: ObjectDescription {
        ObjectDescription(
            name: name, doc: doc,
            fields: fields.map { field in
                FieldDescription(
                    key: field.key, doc: field.doc, type: field.type, isRequired: field.isRequired,
                    isOptional: field.isOptional, isSecret: field.isSecret,
                    defaultValue: field.isRequired ? nil : field.renderDefault(empty))
            })
    }

    var value: ValueSchema<Owner> {
        ValueSchema(.object(description)) { node, context in decode(node, context) }
    }

    /// - Parameter ignoredKey: keys that another schema reads from the same mapping.
    /// - Returns: nil after at least one error was reported for this mapping or what it holds.
    func decode(
        _ node: ConfigNode, _ context: DecodingContext, ignoring ignoredKey: (String) -> Bool = { _ in false }
    ) -> Owner? {
        let entries: [ConfigNode.Entry]
        switch node.content {
        case .failed: return nil
        case .mapping(let mapping): entries = mapping
        case .scalar(let scalar) where scalar.isNull: entries = []
        default:
            context.report(.wrongType, "expected a mapping, found \(node.summary)", at: node.position)
            return nil
        }
        let errorsBefore = context.errorCount
        var owner = empty
        setPosition?(&owner, node.position)
        var isSet = [Bool](repeating: false, count: fields.count)
        for entry in entries where !ignoredKey(entry.key) {
            if let index = fieldIndices[entry.key] {
                isSet[index] = true
                context.inKey(entry.key) { fields[index].decode(entry.value, &owner, context) }
            } else {
                context.inKey(entry.key) { reportUnknown(entry, context) }
            }
        }
        for index in fields.indices where fields[index].isRequired && !isSet[index] {
            context.report(.missingKey, "\(words) needs the key \(quoted(fields[index].key))", at: node.position)
        }
        return context.errorCount == errorsBefore ? owner : nil
    }

    private func reportUnknown(_ entry: ConfigNode.Entry, _ context: DecodingContext) {
        if unsupportedKeys.contains(entry.key) {
            context.report(
                .unsupportedKey, "\(quoted(entry.key)) is not supported by this version yet", at: entry.keyPosition,
                hint: "remove the key")
            return
        }
        let keys = fields.map(\.key)
        context.report(
            .unknownKey, "\(words) has no key \(quoted(entry.key))", at: entry.keyPosition,
            hint: Suggestion.hint(for: entry.key, among: keys + unsupportedKeys.sorted())
                ?? "known keys: " + keys.joined(separator: ", "))
    }
}

/// One key of an `ObjectSchema`.
struct FieldSchema<Owner: Sendable>: Sendable {
    let key: String
    let doc: String
    let type: TypeDescription
    let isRequired: Bool
    var isOptional = false
    var isSecret = false
    let renderDefault: @Sendable (Owner) -> JSONValue?
    let decode: @Sendable (ConfigNode, inout Owner, DecodingContext) -> Void

    /// The same key, whose value must never be shown.
    var secret: FieldSchema {
        var marked = self
        marked.isSecret = true
        return marked
    }

    /// A key whose default is what `ObjectSchema.empty` holds.
    static func field<Value>(
        _ key: String, _ member: any WritableKeyPath<Owner, Value> & Sendable, _ value: ValueSchema<Value>,
        _ doc: String
    ) -> FieldSchema {
        FieldSchema(
            key: key, doc: doc, type: value.type, isRequired: false,
            renderDefault: { value.render($0[keyPath: member]) },
            decode: { node, owner, context in
                if let decoded = value.decode(node, context) { owner[keyPath: member] = decoded }
            })
    }

    /// A key that may be left out, which leaves nil.
    static func optional<Value>(
        _ key: String, _ member: any WritableKeyPath<Owner, Value?> & Sendable, _ value: ValueSchema<Value>,
        _ doc: String
    ) -> FieldSchema {
        FieldSchema(
            key: key, doc: doc, type: value.type, isRequired: false, isOptional: true, renderDefault: { _ in nil },
            decode: { node, owner, context in
                if let decoded = value.decode(node, context) { owner[keyPath: member] = decoded }
            })
    }

    static func required<Value>(
        _ key: String, _ member: any WritableKeyPath<Owner, Value> & Sendable, _ value: ValueSchema<Value>,
        _ doc: String
    ) -> FieldSchema {
        FieldSchema(
            key: key, doc: doc, type: value.type, isRequired: true, renderDefault: { _ in nil },
            decode: { node, owner, context in
                if let decoded = value.decode(node, context) { owner[keyPath: member] = decoded }
            })
    }
}

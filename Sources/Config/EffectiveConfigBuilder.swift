/// Makes the effective configuration from a tree, guided by the description of the format.
enum EffectiveConfigBuilder {
    private static let unknownType = TypeDescription.scalar(ScalarDescription("value", [:]))

    /// - Parameters:
    ///   - isSecret: a key above says that no text below may be shown.
    ///   - key: under which the value stands in a mapping.
    static func node(
        _ node: ConfigNode, _ type: TypeDescription, isSecret: Bool = false, key: String? = nil
    ) -> EffectiveNode {
        let origin = node.position.line == 0 ? EffectiveConfig.Origin.default : .file(node.position)
        switch (type.alternative(for: node, key: key), node.content) {
        case (.object(let object), _) where node.isMapping || node.isNull:
            return EffectiveNode(.object(children(of: object, node, isSecret: isSecret, key: key)), origin: origin)
        case (.map(_, let type), .mapping(let entries)):
            return EffectiveNode(.map(children(of: entries, type, isSecret: isSecret)), origin: origin)
        case (.map, _) where node.isNull: return EffectiveNode(.map([]), origin: origin)
        case (.list(let type, _), .sequence(let nodes)):
            return EffectiveNode(.list(children(of: nodes, type, isSecret: isSecret)), origin: origin)
        case (.list, _) where node.isNull: return EffectiveNode(.list([]), origin: origin)
        case (let type, .scalar(let scalar)):
            let typed = typedValue(of: scalar, type)
            let text = scalar.isNull ? "" : scalar.text
            return EffectiveNode(
                shown: typed ?? shownText(of: scalar, type, isSecret: isSecret), real: typed ?? .string(text),
                origin: origin)
        // What no description fits was refused by decoding; it is shown as carefully as free text all the same.
        case (_, .mapping(let entries)):
            return EffectiveNode(.map(children(of: entries, unknownType, isSecret: isSecret)), origin: origin)
        case (_, .sequence(let nodes)):
            return EffectiveNode(.list(children(of: nodes, unknownType, isSecret: isSecret)), origin: origin)
        case (_, .failed): return EffectiveNode(.object([]), origin: origin)
        }
    }

    /// - Parameter keys: what is left of the override's path.
    static func replace(
        in whole: EffectiveNode, _ type: TypeDescription, keys: ArraySlice<Substring>,
        by override: EffectiveConfig.Override, isSecret: Bool = false
    ) -> EffectiveNode {
        guard let key = keys.first else {
            let scalar = ConfigNode(.scalar(ConfigNode.Scalar(override.value)))
            var replaced = node(scalar, type, isSecret: isSecret)
            replaced.origin = .environment(override.variable)
            return replaced
        }
        guard case .object(let object) = type, case .object(var children) = whole.content,
            let field = object.fields.first(where: { $0.key == key }),
            let index = children.firstIndex(where: { $0.step == .key(field.key) })
        else { return whole }
        children[index].node = replace(
            in: children[index].node, field.type, keys: keys.dropFirst(), by: override,
            isSecret: isSecret || field.isSecret)
        return EffectiveNode(.object(children), origin: whole.origin)
    }

    // MARK: - Parts

    private static func children(
        of object: ObjectDescription, _ node: ConfigNode, isSecret: Bool, key: String?
    ) -> [EffectiveNode.Child] {
        var children: [EffectiveNode.Child] = []
        children.reserveCapacity(object.fields.count)
        for field in object.fields {
            guard let value = node[field.key] ?? field.nodeByDefault else { continue }
            children.append(
                EffectiveNode.Child(
                    step: .key(field.key),
                    node: self.node(value, field.type, isSecret: isSecret || field.isSecret, key: field.key)))
        }
        return children
    }

    private static func children(
        of entries: [ConfigNode.Entry], _ type: TypeDescription, isSecret: Bool
    ) -> [EffectiveNode.Child] {
        let holdsText = type.holdsText
        return entries.map { entry in
            let isHidden = isSecret || holdsText && SecretName.isLikely(entry.key)
            return EffectiveNode.Child(
                step: .key(entry.key), node: node(entry.value, type, isSecret: isHidden, key: entry.key))
        }
    }

    private static func children(
        of nodes: [ConfigNode], _ type: TypeDescription, isSecret: Bool
    ) -> [EffectiveNode.Child] {
        nodes.enumerated().map { index, item in
            let node = node(item, type, isSecret: isSecret)
            return EffectiveNode.Child(step: node.itemName.map { .name($0) } ?? .index(index), node: node)
        }
    }

    // MARK: - Values

    /// A number, a word of a closed set and the like, which no secret can be; nil of texts.
    ///
    /// Units are normalised, so that `60s` equals `1m`.
    private static func typedValue(of scalar: ConfigNode.Scalar, _ type: TypeDescription) -> JSONValue? {
        let text = scalar.text
        if type.hasWord(text) { return Int(text).map { .integer($0) } ?? .string(text) }
        guard case .scalar(let description) = type else { return nil }
        switch description.kind {
        case .text, .identifier: return nil
        case .integer: return Int(text).map { .integer($0) }
        case .number: return Double(text).flatMap { $0.isFinite ? .number($0) : nil }
        case .boolean:
            switch text {
            case "true", "True", "TRUE": return true
            case "false", "False", "FALSE": return false
            default: return nil
            }
        case .duration: return try? .string(DurationText.text(of: DurationText.parse(text).get()))
        case .size: return try? .string(SizeText.text(of: SizeText.parse(text).get()))
        }
    }

    private static func shownText(
        of scalar: ConfigNode.Scalar, _ type: TypeDescription, isSecret: Bool
    ) -> JSONValue {
        if scalar.isNull || scalar.text.isEmpty && isSecret { return "" }
        if isSecret { return .string(SecretName.replacement) }
        guard scalar.style == .expanded, !type.isIdentifier else { return .string(scalar.text) }
        return .string(scalar.written ?? SecretName.replacement)
    }
}

extension EffectiveNode {
    /// What an item of a list is addressed by; nil where it has no name.
    fileprivate var itemName: String? {
        guard case .object(let children) = content,
            let child = children.first(where: { $0.step == .key("name") }),
            case .value(.string(let name)) = child.node.content
        else { return nil }
        return name
    }
}

extension FieldDescription {
    /// What leaving the key out is the same as writing; nil where that is nothing.
    fileprivate var nodeByDefault: ConfigNode? {
        if let defaultValue { return ConfigNode(json: defaultValue) }
        switch type {
        case .object where !isOptional && !isRequired: return ConfigNode(.mapping([]))
        // The discriminator of alternatives: the name that chose this one is the only word there is.
        case .choice(let words) where words.count == 1 && !isOptional: return ConfigNode(json: .string(words[0]))
        default: return nil
        }
    }
}

extension ConfigNode {
    fileprivate var isMapping: Bool {
        if case .mapping = content { return true }
        return false
    }

    /// A default, as if it had been written.
    fileprivate init(json: JSONValue) {
        switch json {
        case .string(let text): self.init(.scalar(Scalar(text, style: .quoted)))
        case .integer, .number, .bool: self.init(.scalar(Scalar(json.compact)))
        case .array(let values): self.init(.sequence(values.map { ConfigNode(json: $0) }))
        case .object(let members):
            self.init(
                .mapping(
                    members.map { Entry(key: $0.key, keyPosition: .unknown, value: ConfigNode(json: $0.value)) }))
        }
    }
}

extension TypeDescription {
    /// The one of several ways to write a value that `node` takes.
    ///
    /// - Parameter key: under which `node` stands; a definition without `type` takes its name for it.
    fileprivate func alternative(for node: ConfigNode, key: String?) -> TypeDescription {
        let types = alternatives
        guard types.count > 1 else { return types.first ?? self }
        let found: TypeDescription?
        switch node.content {
        case .failed: found = nil
        case .scalar(let scalar):
            found =
                types.first { $0.hasWord(scalar.text) } ?? types.first { $0.isScalar }
                ?? Self.mapping(among: types, for: node, key: key)
        case .mapping: found = Self.mapping(among: types, for: node, key: key)
        case .sequence: found = types.first { if case .list = $0 { true } else { false } }
        }
        return found ?? self
    }

    private var alternatives: [TypeDescription] {
        if case .either(let types) = self { return types.flatMap(\.alternatives) }
        return [self]
    }

    private static func mapping(among types: [TypeDescription], for node: ConfigNode, key: String?) -> TypeDescription?
    {
        var typeName = key
        if case .scalar(let scalar) = node["type"]?.content { typeName = scalar.text }
        let named = types.first { type in
            guard case .object(let object) = type, let typeName,
                let field = object.fields.first(where: { $0.key == "type" })
            else { return false }
            return field.type.hasWord(typeName)
        }
        return named
            ?? types.first { type in
                switch type {
                case .object, .map: true
                default: false
                }
            }
    }

    fileprivate func hasWord(_ word: String) -> Bool {
        if case .choice(let words) = self { return words.contains(word) }
        return false
    }

    fileprivate var isIdentifier: Bool {
        if case .scalar(let scalar) = self { return scalar.kind == .identifier }
        return false
    }

    private var isScalar: Bool {
        if case .scalar = self { return true }
        return false
    }

    /// Whether free text may stand here, so that a secret might.
    fileprivate var holdsText: Bool {
        switch self {
        case .scalar(let scalar): scalar.kind == .text
        case .list(let type, _), .map(_, let type): type.holdsText
        case .either(let types): types.contains { $0.holdsText }
        case .choice, .object: false
        }
    }
}

/// Names under which secrets are kept where the operator chooses the names: header lines above all.
package enum SecretName {
    /// What stands in the place of a secret.
    static let replacement = "[redacted]"

    private static let parts = [
        "authorization", "cookie", "token", "secret", "password", "passwd", "credential", "api-key", "apikey",
    ]

    package static func isLikely(_ name: String) -> Bool {
        let folded = String(decoding: name.lowercased().utf8.map { $0 == 0x5F ? 0x2D : $0 }, as: UTF8.self)
        return parts.contains { folded.splitOnce($0) != nil }
    }
}

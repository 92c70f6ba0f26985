/// How one kind of value is described, and read.
///
/// Description and decoding stand in one place on purpose: what the documents promise is what is accepted.
struct ValueSchema<Value: Sendable>: Sendable {
    var type: TypeDescription
    /// nil after the reason was reported.
    var decode: @Sendable (ConfigNode, DecodingContext) -> Value?
    /// A value as it would be written, to show defaults; nil where there is nothing to show.
    var render: @Sendable (Value) -> JSONValue?

    init(
        _ type: TypeDescription, render: @escaping @Sendable (Value) -> JSONValue? = { _ in nil },
        decode: @escaping @Sendable (ConfigNode, DecodingContext) -> Value?
    ) {
        self.type = type
        self.decode = decode
        self.render = render
    }

    /// The same values, turned into another type; nil after reporting refuses one.
    func map<Other: Sendable>(
        render: @escaping @Sendable (Other) -> JSONValue? = { _ in nil },
        _ transform: @escaping @Sendable (Value, ConfigNode, DecodingContext) -> Other?
    ) -> ValueSchema<Other> {
        let decode = decode
        return ValueSchema<Other>(type, render: render) { node, context in
            decode(node, context).flatMap { transform($0, node, context) }
        }
    }

    /// The same values and description with a further rule; nil after reporting refuses one.
    func checked(
        _ check: @escaping @Sendable (Value, ConfigNode, DecodingContext) -> Value?
    ) -> ValueSchema {
        map(render: render, check)
    }
}

extension ValueSchema where Value: Equatable {
    /// Remembers where the value stood.
    var located: ValueSchema<Located<Value>> {
        map { value, node, _ in Located(value, at: node.position) }
    }
}

extension ValueSchema where Value == ConfigNode.Scalar {
    /// Any scalar but null, with a type's description.
    static func scalar(_ description: ScalarDescription) -> ValueSchema {
        scalar(.scalar(description), named: description.name)
    }

    static func scalar(_ type: TypeDescription, named name: String) -> ValueSchema {
        ValueSchema(type) { node, context in
            switch node.content {
            case .failed: return nil
            case .scalar(let scalar) where !scalar.isNull: return scalar
            default:
                context.report(.wrongType, "expected \(name), found \(node.summary)", at: node.position)
                return nil
            }
        }
    }
}

extension ValueSchema {
    /// A list; `emptyMessage` refuses an empty one.
    static func list<Element>(
        of element: ValueSchema<Element>, emptyMessage: String? = nil
    ) -> ValueSchema<[Element]> where Value == [Element] {
        ValueSchema<[Element]>(
            .list(of: element.type, atLeast: emptyMessage == nil ? 0 : 1),
            render: { $0.isEmpty && emptyMessage != nil ? nil : .array($0.compactMap(element.render)) },
            decode: { node, context in
                let nodes: [ConfigNode]
                switch node.content {
                case .failed: return nil
                case .sequence(let list): nodes = list
                case .scalar(let scalar) where scalar.isNull: nodes = []
                default:
                    context.report(
                        .wrongType, "expected a list, found \(node.summary)", at: node.position,
                        hint: "write [\(node.summary)]".contains("mapping") ? nil : "write [\(node.summary)]")
                    return nil
                }
                if nodes.isEmpty, let emptyMessage {
                    context.report(.invalidValue, emptyMessage, at: node.position)
                    return nil
                }
                var elements: [Element] = []
                elements.reserveCapacity(nodes.count)
                for index in nodes.indices {
                    if let value = context.atIndex(index, { element.decode(nodes[index], context) }) {
                        elements.append(value)
                    }
                }
                return elements.count == nodes.count ? elements : nil
            })
    }

    /// A mapping with keys of the operator's choosing, read entry by entry.
    static func map<Element>(
        key: String, of value: TypeDescription,
        entry: @escaping @Sendable (ConfigNode.Entry, DecodingContext) -> Element?
    ) -> ValueSchema<[Element]> where Value == [Element] {
        ValueSchema<[Element]>(.map(key: key, of: value), render: { $0.isEmpty ? .object([]) : nil }) { node, context in
            let entries: [ConfigNode.Entry]
            switch node.content {
            case .failed: return nil
            case .mapping(let mapping): entries = mapping
            case .scalar(let scalar) where scalar.isNull: entries = []
            default:
                context.report(
                    .wrongType, "expected a mapping of \(key) to value, found \(node.summary)", at: node.position)
                return nil
            }
            var elements: [Element] = []
            elements.reserveCapacity(entries.count)
            for item in entries {
                if let element = context.inKey(item.key, { entry(item, context) }) { elements.append(element) }
            }
            return elements.count == entries.count ? elements : nil
        }
    }

    /// Two ways to write the same thing, told apart by whether a scalar or a mapping stands there.
    static func either(_ short: ValueSchema<Value>, _ long: ValueSchema<Value>) -> ValueSchema<Value> {
        var alternatives: [TypeDescription] = []
        for type in [short.type, long.type] {
            if case .either(let several) = type { alternatives += several } else { alternatives.append(type) }
        }
        return ValueSchema(.either(alternatives), render: short.render) { node, context in
            if case .mapping = node.content { return long.decode(node, context) }
            return short.decode(node, context)
        }
    }
}

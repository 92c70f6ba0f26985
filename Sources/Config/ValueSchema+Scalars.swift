// Texts, numbers, truth values and words out of a closed set.

extension ValueSchema where Value == String {
    /// Any text; numbers and truth values count as the text they are written as.
    static let text = text("text", ["type": ["string", "number", "boolean"]])

    static func text(
        _ name: String, _ schema: JSONValue, kind: ScalarDescription.Kind = .text
    ) -> ValueSchema {
        ValueSchema<ConfigNode.Scalar>.scalar(ScalarDescription(name, schema, kind: kind))
            .map(render: { .string($0) }, { scalar, _, _ in scalar.text })
    }

    /// A name that appears in logs and as a metric label.
    static let name = text(
        "name", ["type": "string", "minLength": 1, "maxLength": 128], kind: .identifier
    )
    .checked { text, node, context in
        Self.checkedName(text, at: node.position, context) ? text : nil
    }

    /// True if `text` may name something; otherwise the reason was reported.
    static func checkedName(_ text: String, at position: SourcePosition, _ context: DecodingContext) -> Bool {
        var problem: String?
        if text.isEmpty {
            problem = "a name must not be empty"
        } else if text.utf8.count > 128 {
            problem = "a name has at most 128 bytes, this one has \(text.utf8.count)"
        } else if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            problem = "a name must not hold control characters"
        } else if text.utf8.first == 0x20 || text.utf8.last == 0x20 {
            problem = "a name must not begin or end with a space"
        }
        if let problem { context.report(.invalidName, problem, at: position) }
        return problem == nil
    }
}

extension ValueSchema where Value == Bool {
    static let bool = ValueSchema<ConfigNode.Scalar>
        .scalar(ScalarDescription("true or false", ["type": "boolean"], kind: .boolean))
        .map(
            render: { .bool($0) },
            { scalar, node, context in
                if scalar.style != .quoted {
                    switch scalar.text {
                    case "true", "True", "TRUE": return true
                    case "false", "False", "FALSE": return false
                    default: break
                    }
                }
                let hint: String? =
                    switch scalar.text {
                    case "true" where scalar.style == .quoted, "false" where scalar.style == .quoted:
                        "remove the quotation marks"
                    case "yes", "on", "Yes", "On", "1", "true": "write true"
                    case "no", "off", "No", "Off", "0", "false": "write false"
                    default: nil
                    }
                context.report(
                    .wrongType, "expected true or false, found \(node.summary)", at: node.position, hint: hint)
                return nil
            })
}

extension ValueSchema where Value == Int {
    /// A whole number in decimal digits.
    static func integer(_ range: ClosedRange<Int>) -> ValueSchema {
        let schema: JSONValue = [
            "anyOf": [
                ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)],
                ["$ref": "#/$defs/expansion"],
            ]
        ]
        let description = ScalarDescription(
            "integer, \(range.lowerBound) to \(range.upperBound)", schema, kind: .integer)
        return ValueSchema<ConfigNode.Scalar>.scalar(.scalar(description), named: "a number")
            .map(
                render: { .integer($0) },
                { scalar, node, context in
                    Self.number(scalar, in: range, at: node, context)
                })
    }

    private static func number(
        _ scalar: ConfigNode.Scalar, in range: ClosedRange<Int>, at node: ConfigNode, _ context: DecodingContext
    ) -> Int? {
        let digits = scalar.text.hasPrefix("-") ? scalar.text.dropFirst() : scalar.text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            context.report(.wrongType, "expected a number, found \(node.summary)", at: node.position)
            return nil
        }
        if scalar.style == .quoted {
            context.report(
                .wrongType, "expected a number, found the text \(node.summary)", at: node.position,
                hint: "remove the quotation marks")
            return nil
        }
        guard let number = Int(scalar.text), range.contains(number) else {
            context.report(
                .outOfRange, "\(node.summary) is out of range, \(range.lowerBound) to \(range.upperBound) is allowed",
                at: node.position)
            return nil
        }
        return number
    }
}

extension ValueSchema where Value == Double {
    /// A share of one, such as `0.25`.
    static let share = ValueSchema<ConfigNode.Scalar>
        .scalar(
            ScalarDescription(
                "number, 0 to 1",
                ["anyOf": [["type": "number", "minimum": 0, "maximum": 1], ["$ref": "#/$defs/expansion"]]],
                kind: .number)
        )
        .map(
            render: { .number($0) },
            { scalar, node, context in
                let isNumeric = scalar.text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2D }
                guard scalar.style != .quoted, isNumeric, let share = Double(scalar.text) else {
                    context.report(.wrongType, "expected a number, found \(node.summary)", at: node.position)
                    return nil
                }
                guard (0...1).contains(share) else {
                    context.report(
                        .outOfRange, "\(node.summary) is out of range, 0 to 1 is allowed", at: node.position)
                    return nil
                }
                return share
            })
}

extension ValueSchema {
    /// One of a closed set of words.
    ///
    /// - Parameter later: words of the published format that this version does not implement.
    static func choice(
        _ words: [(String, Value)], later: [String] = [],
        render: @escaping @Sendable (Value) -> JSONValue? = { _ in nil }
    ) -> ValueSchema {
        let names = words.map(\.0)
        return ValueSchema<ConfigNode.Scalar>
            .scalar(.choice(names), named: "one of " + names.joined(separator: ", "))
            .map(
                render: render,
                { scalar, node, context in
                    if let word = words.first(where: { $0.0 == scalar.text }) { return word.1 }
                    if later.contains(scalar.text) {
                        context.report(
                            .unsupportedValue, "\(node.summary) is not supported by this version yet",
                            at: node.position, hint: "supported: " + names.joined(separator: ", "))
                    } else {
                        context.report(
                            .invalidValue, "\(node.summary) is not one of " + names.joined(separator: ", "),
                            at: node.position, hint: Suggestion.hint(for: scalar.text, among: names))
                    }
                    return nil
                })
    }

    /// The cases of an enum, written as their raw values.
    static func choice(
        of cases: [Value], later: [Value] = []
    ) -> ValueSchema where Value: RawRepresentable<String> {
        choice(
            cases.filter { value in !later.contains { $0.rawValue == value.rawValue } }.map { ($0.rawValue, $0) },
            later: later.map(\.rawValue), render: { .string($0.rawValue) })
    }

    /// `word` for nil, or a value.
    static func orWord<Wrapped: Sendable>(
        _ word: String, _ value: ValueSchema<Wrapped>
    ) -> ValueSchema<Wrapped?> where Value == Wrapped? {
        ValueSchema<Wrapped?>(
            .either([.choice([word]), value.type]),
            render: { wrapped in wrapped.map(value.render) ?? .string(word) },
            decode: { node, context in
                if case .scalar(let scalar) = node.content, scalar.text == word { return .some(nil) }
                return value.decode(node, context).map { .some($0) }
            })
    }
}

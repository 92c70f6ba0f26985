/// The conditions of a route on request fields and query parameters.
enum ConditionSchema {
    private struct Draft: Sendable {
        var regex: String?
        var present: Bool?
        var absent: Bool?
    }

    static let headers = conditions(of: "field name") { name, position, context in
        HTTPText.checkedFieldName(name, at: position, context) ? name.lowercased() : nil
    }

    static let query = conditions(of: "parameter name") { name, position, context in
        if !name.isEmpty { return name }
        context.report(.invalidName, "a parameter name must not be empty", at: position)
        return nil
    }

    private static let long = ObjectSchema(
        "condition", "A condition other than equality; exactly one of the keys.", empty: Draft(),
        fields: [
            .optional("regex", \.regex, .pattern, "The value matches this regular expression."),
            .optional("present", \.present, .bool, "`true`: there is such a field or parameter, whatever its value."),
            .optional("absent", \.absent, .bool, "`true`: there is none."),
        ]
    ).value.map { draft, node, context in
        switch (draft.regex, draft.present, draft.absent) {
        case (let pattern?, nil, nil): return MatchConfig.ValueCondition?.some(.regex(pattern))
        case (nil, true?, nil), (nil, nil, false?): return .present
        case (nil, nil, true?), (nil, false?, nil): return .absent
        default:
            context.report(
                .conflictingKeys, "a condition has exactly one of regex, present, absent", at: node.position)
            return nil
        }
    }

    static let value: ValueSchema<MatchConfig.ValueCondition> = .either(
        ValueSchema.text.map { text, _, _ in .exact(text) }, long)

    private static func shown(_ entry: ConfigNode.Entry) -> String? {
        let text = entry.value["regex"] ?? entry.value
        guard case .scalar(let scalar) = text.content else { return nil }
        if SecretName.isLikely(entry.key) { return SecretName.replacement }
        return text.isExpanded ? scalar.written ?? SecretName.replacement : nil
    }

    private static func conditions(
        of key: String, name: @escaping @Sendable (String, SourcePosition, DecodingContext) -> String?
    ) -> ValueSchema<[MatchConfig.Condition]> {
        ValueSchema.map(key: key, of: value.type) { entry, context in
            guard let name = name(entry.key, entry.keyPosition, context),
                let decoded = value.decode(entry.value, context)
            else { return nil }
            var condition = MatchConfig.Condition(name: name, value: decoded)
            condition.shown = shown(entry)
            condition.position = entry.keyPosition
            return condition
        }
        .checked { conditions, node, context in
            var seen: Set<String> = []
            for condition in conditions where !seen.insert(condition.name).inserted {
                context.report(
                    .duplicateKey, "there is a second condition on \(quoted(condition.name))",
                    at: condition.position)
                return nil
            }
            return conditions
        }
    }
}

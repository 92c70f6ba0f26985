/// The description of one entry of `tests`.
enum ConfigTestSchema {
    static let test = schema.value.checked { test, node, context in
        if test.expect == ConfigTest.Expectation() {
            context.report(.missingKey, "the test expects nothing", at: node["expect"]?.position ?? node.position)
            return nil
        }
        return test
    }

    private static let schema = ObjectSchema(
        "test", "One request through the real router and filters, and what must become of it.", empty: ConfigTest(),
        position: { $0.position = $1 },
        fields: [
            .required("name", \.name, uniqueName, "Unique; what a failure is reported under."),
            .required("request", \.request, request.value, "What the client sends."),
            .field("upstream", \.upstream, upstream.value, "What the fake upstream answers."),
            .required("expect", \.expect, expectation.value, "What must come of it; what is left out may be anything."),
        ])

    private static let uniqueName = ValueSchema.name.checked { name, node, context in
        context.define(.test, name, at: node.position)
        return name
    }

    private static let request = ObjectSchema(
        "test-request", "What the client sends.", empty: ConfigTest.Request(),
        fields: [
            .field("method", \.method, .method, "The request method."),
            .required(
                "url", \.url, url.located, "`http://host/path?query`, or `/path?query` for a host of no meaning."),
            .field("headers", \.headers, .headerLines, "Request fields; `host` comes from the URL."),
            .field("body", \.body, .body, "The body, as UTF-8 text."),
            .field("client_ip", \.clientIP, address, "The address that the connection comes from."),
        ])

    private static let url = ValueSchema.text("URL or path", ["type": "string", "pattern": #"^(https?://|/)"#])
        .checked { text, node, context in
            let isClean = text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
            let isKnown = text.hasPrefix("/") || text.hasPrefix("http://") || text.hasPrefix("https://")
            if isClean, isKnown { return text }
            context.report(
                .invalidURL, "\(node.summary) is neither a URL nor a path", at: node.position,
                hint: "write http://api.example.com/path?query, or /path?query")
            return nil
        }

    private static let address = ValueSchema.text("IP address", ["type": "string"], kind: .identifier)
        .checked { text, node, context in
            if NetworkText.isIPv4(text) || NetworkText.isIPv6(text) { return text }
            context.report(.invalidAddress, "\(node.summary) is not an IP address", at: node.position)
            return nil
        }

    private static let upstream = ObjectSchema(
        "test-upstream", "What the fake upstream answers to whatever it is asked.", empty: ConfigTest.Upstream(),
        fields: [
            .field("status", \.status, .integer(200...599), "The status code."),
            .field("headers", \.headers, .headerLines, "Response fields."),
            .field("body", \.body, .body, "The body, as UTF-8 text."),
            .field("refuses", \.refuses, .bool, "`true`: it refuses the connection instead."),
        ])

    private static let expectation = ObjectSchema(
        "test-expectation", "What must come of a test's request.", empty: ConfigTest.Expectation(),
        fields: [
            .optional("status", \.status, ValueSchema.integer(100...599).located, "The status of the answer."),
            .optional("route", \.route, ValueSchema.name.located, "The route that takes it; `none`: no route."),
            .optional(
                "upstream", \.upstream, ValueSchema.name.located,
                "The upstream that it goes to, a name or a URL; `none`: it is not forwarded."),
            .optional("end_reason", \.endReason, ValueSchema.name.located, "The code of the end reason, such as `ok`."),
            .field("headers", \.headers, fields, fieldsDoc + " of the answer."),
            .optional("body", \.body, condition.located, "The body of the answer: a text to equal, or `{regex: …}`."),
            .optional("forwarded", \.forwarded, forwarded.value, "What the upstream must have been asked."),
        ])

    private static let forwarded = ObjectSchema(
        "test-forwarded", "What the fake upstream must have been asked.", empty: ConfigTest.Forwarded(),
        fields: [
            .optional("method", \.method, ValueSchema.method.located, "The method."),
            .optional("target", \.target, ValueSchema.text.located, "Path and query, as rewritten."),
            .field("headers", \.headers, fields, fieldsDoc + " of the request."),
            .optional("body", \.body, ValueSchema.body.located, "The body."),
        ])

    private static let fieldsDoc =
        "A text to equal, `present`, `absent`, `{regex: …}`, `{present: true}` or `{absent: true}`, for each field"

    private static let condition = ConditionSchema.value.map { value, _, _ in
        switch value {
        case .exact(let text): ConfigTest.Condition.exact(text)
        case .regex(let pattern): .regex(pattern)
        case .present: .present
        case .absent: .absent
        }
    }

    /// Where fields are expected, the bare words mean what the mappings do.
    private static let fieldCondition = condition.map { condition, _, _ in
        switch condition {
        case .exact("present"): ConfigTest.Condition.present
        case .exact("absent"): .absent
        default: condition
        }
    }

    private static let fields = ValueSchema<[ConfigTest.Field]>.map(
        key: "field name", of: fieldCondition.type
    ) { entry, context in
        guard HTTPText.checkedFieldName(entry.key, at: entry.keyPosition, context),
            let condition = fieldCondition.decode(entry.value, context)
        else { return ConfigTest.Field?.none }
        var field = ConfigTest.Field(name: entry.key.lowercased(), condition: condition)
        field.position = entry.keyPosition
        return field
    }
}

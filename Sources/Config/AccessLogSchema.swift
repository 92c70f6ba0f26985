/// The description of `access_log`.
enum AccessLogSchema {
    static let accessLog = schema.value.checked { log, node, context in
        guard !log.fields.isEmpty, log.format != .json else { return log }
        context.report(
            .conflictingKeys, "fields are members of JSON lines, and the format is another one",
            at: node["fields"]?.position ?? node.position, hint: "write them into the template")
        return nil
    }

    private static let schema = ObjectSchema(
        "access-log", "One line for each request.", empty: AccessLogConfig(), position: { $0.position = $1 },
        fields: [
            .field(
                "output", \.output, output,
                "`stdout`, `stderr`, `off`, or the path of a file, which SIGHUP reopens."),
            .field(
                "format", \.format, format,
                "`json`, `combined`, or a template such as \"$client_ip $method $path $status $duration_ms\"."),
            .field(
                "fields", \.fields, fields,
                "Further members of JSON lines, or other templates for known ones; values are templates, and null "
                    + "leaves a member out."),
            .field("when", \.when, when.value, "Which requests are written."),
            .field(
                "redact_query", \.redactQuery, .list(of: ValueSchema.name.checked { name, _, _ in name.lowercased() }),
                "Query parameters whose values are written as `redacted`; compared without case."),
        ])

    private static let output: ValueSchema<AccessLogConfig.Output> = ValueSchema.text(
        "stdout, stderr, off or a path", ["type": ["string", "boolean"]]
    )
    .map(
        render: { output in
            switch output {
            case .stdout: "stdout"
            case .stderr: "stderr"
            case .off: "off"
            case .file(let path): .string(path)
            }
        },
        { text, node, context in
            switch text {
            case "stdout": return .stdout
            case "stderr": return .stderr
            case "off": return .off
            default:
                if text.contains("/"), !text.hasSuffix("/"), !text.utf8.contains(0) { return .file(text) }
                context.report(
                    .invalidValue, "\(node.summary) is neither stdout, stderr, off nor the path of a file",
                    at: node.position, hint: "a path holds a slash: ./access.log, or /var/log/gateway/access.log")
                return nil
            }
        })

    private static let format: ValueSchema<AccessLogConfig.Format> = ValueSchema.text(
        "json, combined or a template", ["type": "string", "minLength": 1]
    )
    .map(
        render: { format in
            switch format {
            case .json: "json"
            case .combined: "combined"
            case .template: nil
            }
        },
        { text, node, context in
            switch text {
            case "json": return .json
            case "combined": return .combined
            default:
                guard text.utf8.contains(0x24) else {
                    context.report(
                        .invalidValue, "\(node.summary) is neither json, combined nor a template", at: node.position,
                        hint: "a template names at least one variable, such as $status")
                    return nil
                }
                return template(text, node, context).map { .template($0) }
            }
        })

    private static func template(
        _ text: String, _ node: ConfigNode, _ context: DecodingContext
    ) -> AccessLogTemplate? {
        // What a line may hold: a line feed in a template would break one request, one line.
        let hasControl = text.unicodeScalars.contains { $0.properties.generalCategory == .control }
        guard text.utf8.count <= 4096, !hasControl else {
            context.report(
                .invalidTemplate, "a log template has at most 4096 bytes and no control characters", at: node.position)
            return nil
        }
        do throws(AccessLogTemplate.Refusal) {
            return try AccessLogTemplate(parsing: text)
        } catch {
            context.report(.invalidTemplate, error.message, at: node.position, hint: error.hint)
            return nil
        }
    }

    private static let fields = ValueSchema<[AccessLogConfig.Field]>.map(
        key: "member", of: ValueSchema.text.type
    ) { entry, context in
        guard ValueSchema<String>.checkedName(entry.key, at: entry.keyPosition, context) else {
            return AccessLogConfig.Field?.none
        }
        if entry.value.isNull { return AccessLogConfig.Field(name: entry.key, template: nil) }
        guard let text = ValueSchema.text.decode(entry.value, context),
            let template = template(text, entry.value, context)
        else { return nil }
        return AccessLogConfig.Field(name: entry.key, template: template)
    }

    private static let when = ObjectSchema(
        "access-log-when", "Which requests are written; all conditions must hold.", empty: AccessLogConfig.When(),
        fields: [
            .field("min_status", \.minStatus, .integer(0...599), "The lowest status that is written."),
            .field(
                "min_duration", \.minDuration, .duration(.zero...(.seconds(86_400))),
                "The shortest duration that is written."),
            .field("sample", \.sample, .share, "The share of what the other conditions leave."),
        ])
}

/// The descriptions of `lua`, `stores`, and of the middleware type `lua`.
enum LuaSchema {
    static let lua = ObjectSchema(
        "lua", "Where scripts are, and what they may ask for.", empty: LuaConfig(), position: { $0.position = $1 },
        fields: [
            .field(
                "path", \.path, .text,
                "The folder of the scripts, `NAME/filter.lua` or `NAME.lua`; taken from that of this file."),
            .field(
                "preempt", \.preempt, .choice(of: LuaConfig.Preemption.allCases),
                "How a script that uses too much CPU is stopped: by a signal, or by a hook that counts instructions."),
            .field("policy", \.policy, policy.value, "What scripts may use beyond the request."),
            .field(
                "rollback", \.rollback, .bool,
                "Whether a changed script that fails on real requests is taken back by itself."),
        ])

    private static let policy = ObjectSchema(
        "lua-policy", "What scripts may use beyond the request; nothing by default.", empty: LuaPolicyConfig(),
        fields: [
            .field("http", \.http, .list(of: UpstreamReferenceSchema.value), "Upstreams they may send requests to."),
            .field("stores", \.stores, .list(of: ValueSchema.name.located), "Stores they may use."),
            .field("secrets", \.secrets, secrets, "Secrets, by the names that scripts use.").secret,
            .field("env", \.environment, .list(of: .name), "Environment variables they may read."),
        ])

    private static let secrets = ValueSchema.map(key: "name", of: ValueSchema.body.type) { entry, context in
        guard ValueSchema.checkedName(entry.key, at: entry.keyPosition, context) else { return LuaSecretConfig?.none }
        return ValueSchema.body.decode(entry.value, context).map { LuaSecretConfig(name: entry.key, value: $0) }
    }

    // MARK: - Stores

    static let stores = ValueSchema.map(key: "name", of: store.type) { entry, context in
        guard ValueSchema.checkedName(entry.key, at: entry.keyPosition, context) else { return StoreConfig?.none }
        context.define(.store, entry.key, at: entry.keyPosition)
        guard var config = store.decode(entry.value, context) else { return nil }
        config.name = entry.key
        config.position = entry.keyPosition
        return config
    }

    private static let size = ValueSchema.size(65_536...(1 << 40))

    private static let store = ValueSchema.either(
        size.map { size, _, _ in
            var config = StoreConfig()
            config.size = size
            return config
        },
        ObjectSchema(
            "store", "A store that scripts share, across workers and reloads.", empty: StoreConfig(),
            fields: [
                .required("size", \.size, size, "All it may hold, overhead included."),
                .field(
                    "policy", \.policy, .choice(of: StoreConfig.Policy.allCases),
                    "What a full store does: refuse, or forget what was used least lately."),
            ]
        ).value)

    // MARK: - The middleware

    static let filter = ObjectSchema(
        "lua-middleware", "A script.", empty: LuaFilterConfig(),
        fields: [
            .required("script", \.script, scriptName.located, "Its name: a folder or file under `lua.path`."),
            .optional("config", \.config, anything.located, "What the script gets; checked against its schema."),
            .field("on_error", \.onError, onError, "What becomes of a request when the script fails."),
            .field("limits", \.limits, limits.value, "What the script may use."),
            .field("breaker", \.breaker, breaker.value, "When a failing script is left out for a while."),
            .field("when", \.when, conditions.value, "Conditions under which the script is entered."),
            .field(
                "expose_errors", \.exposeErrors, .bool,
                "Whether clients see error messages of the script; for development."
            ),
        ])

    private static let scriptName = ValueSchema.text(
        "script name", ["type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"], kind: .identifier
    ).checked { name, node, context in
        let isName = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
        }
        if isName, !name.isEmpty, name.utf8.count <= 64, name.utf8.first != 0x2D, name.utf8.first != 0x5F {
            return name
        }
        context.report(
            .invalidName, "\(node.summary) is not a script's name", at: node.position,
            hint: "write the name of its folder, of lower-case letters, digits, - and _, without .lua")
        return nil
    }

    /// A subtree that somebody else describes.
    private static let anything = ValueSchema<ConfigNode>(
        .map(key: "key", of: .scalar(ScalarDescription("value", [:])))
    ) { node, _ in node }

    private static let onError = ValueSchema.either(
        ValueSchema<LuaErrorPolicy>.choice([("closed", .closed), ("open", .open)]) { policy in
            switch policy {
            case .closed: "closed"
            case .open: "open"
            case .answer: nil
            }
        },
        ObjectSchema(
            "error-answer", "An answer in place of the failed script's.", empty: ErrorAnswer(),
            fields: [
                .field("status", \.status, .integer(400...599), "The status code."),
                .field("body", \.body, .body, "The body, as UTF-8 text; left out: a problem document."),
            ]
        ).value.map { answer, _, _ in .answer(status: answer.status, body: answer.body) })

    private struct ErrorAnswer: Sendable {
        var status = 503
        var body = ""
    }

    private static let limits = ObjectSchema(
        "lua-limits", "What a script may use; past it the script is stopped.", empty: LuaLimitsConfig(),
        fields: [
            .field("cpu", \.cpu, time(1), "CPU time between two awaits."),
            .field("cpu_per_request", \.requestCPU, time(5), "CPU time of one request."),
            .field("load", \.load, time(5), "CPU time to load the script."),
            .field("init", \.initialization, time(5), "CPU time of `on_init`."),
            .field("await", \.waiting, time(3600), "Time that a request may wait for answers and sleeps."),
            .field("memory", \.memory, .size((256 << 10)...(256 << 20)), "The heap of the script in one worker."),
            .field("body", \.body, .size(0...(128 << 20)), "A body that the script reads whole; 413 or 502 past it."),
            .field("http_calls", \.httpCalls, .integer(0...64), "Requests that one request may send."),
            .field("http_parallel", \.httpParallel, .integer(1...16), "Requests at one time."),
            .field("http_body", \.httpBody, .size(0...(16 << 20)), "The body of an answer."),
            .field("log_lines", \.logLines, .integer(0...200), "Lines that one request may log."),
            .field("log_line", \.logLine, .size(64...(16 << 10)), "A log line; longer ones are cut."),
            .field("store_key", \.storeKey, .size(1...1024), "A key of a store."),
            .field("store_value", \.storeValue, .size(1...(1 << 20)), "A value of a store."),
            .field("coroutines", \.coroutines, .integer(1...1024), "Coroutines of the script that are alive."),
            .field("headers", \.headers, .integer(0...256), "Header fields that one request may set."),
            .field("header_bytes", \.headerBytes, .size(0...(64 << 10)), "Bytes of header fields that it may set."),
            .field("metrics", \.metrics, .integer(0...256), "Metrics that the script may declare."),
            .field("timers", \.timers, .integer(0...16), "Timers that the script may declare."),
        ])

    private static func time(_ seconds: Int) -> ValueSchema<Duration> {
        .duration(.milliseconds(1)...(.seconds(seconds)))
    }

    private static let breaker = ObjectSchema(
        "lua-breaker", "When a failing script is left out: `on_error` applies without entering it.",
        empty: LuaBreakerConfig(),
        fields: [
            .field("kills", \.kills, .integer(1...1000), "Stops for using too much, in `window`."),
            .field("errors", \.errors, .integer(1...100_000), "Errors in `window`."),
            .field(
                "window", \.window, .duration(.seconds(1)...(.seconds(3600))), "The time in which both are counted."),
            .field(
                "open", \.open, .duration(.milliseconds(100)...(.seconds(3600))),
                "How long it is left out; then one request tries it again."),
        ])

    private static let conditions = ObjectSchema(
        "lua-conditions", "Conditions under which a script is entered; all must hold.", empty: LuaConditionsConfig(),
        fields: [
            .field("methods", \.methods, .list(of: .method), "Request methods."),
            .field(
                "request_content_type", \.requestContentType, mediaTypes,
                "Media types, such as `application/json` or `text/*`."),
            .field("response_content_type", \.responseContentType, mediaTypes, "The same of the response."),
            .field("response_status", \.responseStatus, statuses, "Statuses, such as `200` or `5xx`."),
        ])

    private static let mediaType = ValueSchema<String>.text(
        "media type", ["type": "string", "pattern": "^[^/;\\s]+/[^/;\\s]+$"], kind: .identifier
    ).checked { text, node, context in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, parts.allSatisfy({ !$0.isEmpty && !$0.contains(" ") && !$0.contains(";") }) {
            return text.lowercased()
        }
        context.report(
            .invalidValue, "\(node.summary) is not a media type", at: node.position,
            hint: "write one such as application/json or text/*, without parameters")
        return nil
    }

    /// One, or a list.
    private static let mediaTypes = oneOrMore(mediaType) { .string($0) }
    private static let statuses = oneOrMore(status) { range in
        range.count == 1 ? .integer(range.lowerBound) : .string("\(range.lowerBound / 100)xx")
    }

    private static let status = ValueSchema<String>.text(
        "status", ["type": ["string", "integer"], "pattern": "^[1-5]([0-9][0-9]|xx)$"], kind: .identifier
    ).map { text, node, context in
        if let number = Int(text), (200...599).contains(number) { return number...number }
        if text.utf8.count == 3, text.hasSuffix("xx"), let first = text.first?.wholeNumberValue, (2...5).contains(first)
        {
            return first * 100...first * 100 + 99
        }
        context.report(
            .invalidValue, "\(node.summary) is not a status", at: node.position, hint: "write 200 or 5xx")
        return ClosedRange<Int>?.none
    }

    private static func oneOrMore<Element: Sendable>(
        _ element: ValueSchema<Element>, _ render: @escaping @Sendable (Element) -> JSONValue
    ) -> ValueSchema<[Element]> {
        let list = ValueSchema<[Element]>.list(of: element)
        return ValueSchema<[Element]>(
            .either([element.type, list.type]), render: { .array($0.map(render)) },
            decode: { node, context in
                if case .scalar(let scalar) = node.content, !scalar.isNull {
                    return element.decode(node, context).map { [$0] }
                }
                return list.decode(node, context)
            })
    }
}

/// A place where an upstream is named, or given as a URL.
enum UpstreamReferenceSchema {
    /// Whether the name is defined is checked at the end, since definitions may follow.
    static let value: ValueSchema<UpstreamReference> = ValueSchema<String>.text(
        "upstream name or URL", ["type": "string"], kind: .identifier
    )
    .map(
        render: { .string($0.name) },
        { text, node, context in
            var name = text
            if UpstreamURL.looksLikeURL(text) {
                guard let url = UpstreamURL.parse(text, at: node, context) else { return nil }
                name = url.name
            }
            context.upstreamReferences.append(
                DecodingContext.Reference(
                    name: name, shown: node.summary, position: node.position, path: context.pathText))
            return UpstreamReference(name, at: node.position)
        })
}

/// The description of the entries of `upstreams`.
enum UpstreamSchema {
    static let upstreams = ValueSchema.map(key: "name", of: schema.value.type) { entry, context in
        guard ValueSchema.checkedName(entry.key, at: entry.keyPosition, context) else { return UpstreamConfig?.none }
        if UpstreamURL.looksLikeURL(entry.key) {
            context.report(
                .invalidName, "an upstream's name must not be a URL", at: entry.keyPosition,
                hint: "routes may give a URL in place of a name, without an entry here")
            return nil
        }
        context.define(.upstream, entry.key, at: entry.keyPosition)
        guard var upstream = schema.decode(entry.value, context) else { return nil }
        upstream.name = entry.key
        upstream.position = entry.keyPosition
        if let tls = entry.value["tls"], !upstream.usesTLS {
            context.inKey("tls") {
                context.report(
                    .conflictingKeys, "tls needs targets that are https:// URLs", at: tls.position)
            }
            return nil
        }
        return upstream
    }

    private static let schema = ObjectSchema(
        "upstream", "A group of servers that answer the same requests.", empty: UpstreamConfig(name: ""),
        unsupportedKeys: ["discover", "http2", "health", "circuit_breaker", "retry", "slow_start"],
        fields: [
            .required("targets", \.targets, targets, "The servers: URLs, or mappings with a weight."),
            .field("balance", \.balance, balance, "How a server is chosen for each request."),
            .field("keep_alive", \.keepAlive, keepAlive.value, "Connections that are kept open between requests."),
            .field(
                "connect_timeout", \.connectTimeout, TimeoutsSchema.any,
                "To connect to a server; 504 past it."),
            .field(
                "response_timeout", \.responseTimeout, TimeoutsSchema.any,
                "From the end of the request to the response head; 504 past it."),
            .field("tls", \.tls, TLSSchema.upstream.value, "TLS to targets that are `https`."),
        ])

    // MARK: - Targets

    private struct TargetDraft: Sendable {
        var url = UpstreamConfig.Target(host: "", port: 0)
        var weight = 1
        var zone: String?
    }

    // Not a secret: the grammar has no user information, path or query.
    private static let url = ValueSchema.text(
        "URL", ["$ref": "#/$defs/upstream-url"], kind: .identifier
    ).map { text, node, context in
        UpstreamURL.parse(text, at: node, context).map { url in
            var target = UpstreamConfig.Target(scheme: url.scheme, host: url.host, port: url.port)
            target.position = node.position
            return target
        }
    }

    private static let weightedTarget = ObjectSchema(
        "target", "One server of an upstream.", empty: TargetDraft(),
        fields: [
            .required(
                "url", \.url, url,
                "`http://host[:port]` or `https://…`; a host name stands for all of its addresses."),
            .field("weight", \.weight, .integer(0...1000), "Its share of the requests; 0 takes it out."),
            .optional("zone", \.zone, .name, "A label for where the server stands."),
        ]
    ).value.map { draft, _, _ in
        var target = draft.url
        target.weight = draft.weight
        target.zone = draft.zone
        return UpstreamConfig.Target?.some(target)
    }

    private static let targets = ValueSchema.list(
        of: ValueSchema.either(url, weightedTarget), emptyMessage: "an upstream needs at least one target"
    )
    .map { targets, node, context in
        var seen: [String: SourcePosition] = [:]
        for target in targets {
            let address = "\(target.host.lowercased()) \(target.port)"
            if let first = seen.updateValue(target.position, forKey: address) {
                context.report(
                    .duplicateValue, "the target is listed twice, first at \(first)", at: target.position,
                    hint: "give one entry a larger weight")
                return [UpstreamConfig.Target]?.none
            }
        }
        if let other = targets.first(where: { $0.scheme != targets[0].scheme }) {
            context.report(
                .conflictingKeys, "the targets of an upstream are all http:// or all https://", at: other.position)
            return nil
        }
        guard targets.contains(where: { $0.weight > 0 }) else {
            context.report(.outOfRange, "the weights of the targets add up to 0", at: node.position)
            return nil
        }
        return targets
    }

    // MARK: - Balance and keep-alive

    private static let keepAlive = ObjectSchema(
        "keep-alive", "The pool of idle connections to each server.", empty: UpstreamConfig(name: "").keepAlive,
        fields: [
            .field(
                "per_worker", \.perWorker, .integer(0...10_000),
                "Idle connections to one server, per worker; 0 closes each."),
            .field("idle", \.idle, TimeoutsSchema.any, "An idle connection is closed after this."),
        ])

    private struct HashDraft: Sendable {
        var hash = UpstreamConfig.HashKey.clientIP
        var table = ""
    }

    private static let balance: ValueSchema<UpstreamConfig.Balance> = .either(
        .choice(
            [
                ("round-robin", .roundRobin), ("least-connections", .leastConnections), ("power-of-two", .powerOfTwo),
                ("random", .random),
            ], later: ["ewma"],
            render: { balance in
                switch balance {
                case .roundRobin: "round-robin"
                case .leastConnections: "least-connections"
                case .powerOfTwo: "power-of-two"
                case .random: "random"
                case .hash: nil
                }
            }),
        ObjectSchema(
            "hash-balance", "Requests with the same key go to the same server.", empty: HashDraft(table: "maglev"),
            fields: [
                .required(
                    "hash", \.hash, hashKey,
                    "`client_ip`, `path`, `host`, `header:NAME`, `query:NAME` or `cookie:NAME`."),
                .field("table", \.table, .choice([("maglev", "maglev")], render: { .string($0) }), "The algorithm."),
            ]
        ).value.map { draft, _, _ in .hash(draft.hash) })

    private static let hashKey = ValueSchema.text(
        "hash key", ["type": "string", "pattern": #"^(client_ip|path|host|(header|query|cookie|var):.+)$|\$\{"#]
    )
    .map { text, node, context in
        let plain: [String: UpstreamConfig.HashKey] = ["client_ip": .clientIP, "path": .path, "host": .host]
        if let key = plain[text] { return key }
        if let (kind, name) = text.splitOnce(":"), !name.isEmpty {
            switch kind {
            case "header" where HTTPText.isToken(name): return UpstreamConfig.HashKey?.some(.header(name.lowercased()))
            case "query": return .query(name)
            case "var": return .variable(name)
            case "cookie" where HTTPText.isToken(name): return .cookie(name)
            default: break
            }
        }
        context.report(
            .invalidValue, "\(node.summary) is not a hash key", at: node.position,
            hint: Suggestion.hint(for: text, among: plain.keys)
                ?? "write client_ip, path, host, header:NAME, query:NAME, cookie:NAME or var:NAME")
        return nil
    }
}

/// `keep_alive` as one value; `UpstreamConfig` holds its parts flat.
private struct KeepAliveDraft: Sendable {
    var perWorker: Int
    var idle: Duration
}

extension UpstreamConfig {
    fileprivate var keepAlive: KeepAliveDraft {
        get { KeepAliveDraft(perWorker: keepAlivePerWorker, idle: keepAliveIdle) }
        set {
            keepAlivePerWorker = newValue.perWorker
            keepAliveIdle = newValue.idle
        }
    }
}

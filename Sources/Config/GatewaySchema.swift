/// The description of a whole configuration file.
enum GatewaySchema {
    static let root = ObjectSchema(
        "configuration", "The top level of a configuration file.", empty: GatewayConfig(),
        unsupportedKeys: ["tracing"],
        fields: [
            .field("listeners", \.listeners, listeners, "Where clients connect. Left out: one on 0.0.0.0:8080."),
            .field("admin", \.admin, admin.value, "The address of health checks and metrics."),
            .field(
                "workers", \.workers, .orWord("auto", .integer(1...1024)),
                "Worker threads; `auto`: the CPUs that the process may use, by cpuset and cgroup quota."),
            .field(
                "trusted_proxies", \.trustedProxies, .list(of: ValueSchema.network.located),
                "Addresses and networks whose `X-Forwarded-*` fields are believed."),
            .field("limits", \.limits, LimitsSchema.limits.value, "What is refused for being too large or too many."),
            .field("timeouts", \.timeouts, TimeoutsSchema.timeouts.value, "What is ended for taking too long."),
            .field("access_log", \.accessLog, AccessLogSchema.accessLog, "One line for each request."),
            .field("reload", \.reload, ReloadSchema.reload.value, "How a changed configuration is taken over."),
            .field("routes", \.routes, .list(of: RouteSchema.route), "Which request goes where."),
            .field("upstreams", \.upstreams, UpstreamSchema.upstreams, "Groups of servers, by name."),
            .field("middleware", \.middleware, MiddlewareSchema.definitions, "Filters that routes use, by name."),
            .field("stores", \.stores, LuaSchema.stores, "What scripts share, by name."),
            .field("lua", \.lua, LuaSchema.lua.value, "Where scripts are, and what they may ask for."),
            .field("tests", \.tests, .list(of: ConfigTestSchema.test), "Requests, and what must become of them."),
        ])

    private static let listeners = ValueSchema.list(
        of: listener.value.map { listener, node, context in
            context.define(.listener, listener.name, at: node["name"]?.position ?? node.position)
            return listener
        }, emptyMessage: "an empty list accepts no request; leave listeners out for one on 0.0.0.0:8080"
    ).map(
        // Left out: one listener on its defaults.
        render: { $0 == [ListenerConfig()] ? .array([.object([])]) : nil }, { listeners, _, _ in listeners })

    private static let listener = ObjectSchema(
        "listener", "One address that clients connect to.", empty: ListenerConfig(), position: { $0.position = $1 },
        unsupportedKeys: ["http2"],
        fields: [
            .field("name", \.name, .name, "Unique; appears in metrics."),
            .field("address", \.address, .socketAddress, "`host:port`, `[v6]:port` or `unix:/path`."),
            .field(
                "proxy_protocol", \.proxyProtocol,
                .choice(of: ListenerConfig.ProxyProtocol.allCases, later: [.accept, .require]),
                "Whether a PROXY protocol header precedes each connection."),
            .optional("tls", \.tls, TLSSchema.listener.value, "Serve HTTPS in place of HTTP."),
        ])

    /// A token that is written but comes out empty would switch authentication off unasked.
    private static let token = ValueSchema.body.checked { token, node, context in
        let isBlank = token.utf8.contains { $0 < 0x21 || $0 > 0x7E }
        if isBlank {
            context.report(
                .invalidValue, "a token has neither blanks, control characters nor letters outside of ASCII",
                at: node.position)
            return nil
        }
        guard token.isEmpty, case .scalar(let scalar) = node.content, let written = scalar.written,
            written.splitOnce(":-") == nil
        else { return token }
        context.report(
            .invalidValue, "\(quoted(written)) is empty, which would let everybody on this machine change things",
            at: node.position, hint: "write ${NAME:-} where that is meant")
        return nil
    }

    private static let admin = ObjectSchema(
        "admin", "The admin API.", empty: AdminConfig(), position: { $0.position = $1 },
        fields: [
            .field(
                "address", \.address, .orWord("off", .socketAddress),
                "`host:port`, `[v6]:port`, `unix:/path`, or `off`."),
            .field(
                "token", \.token, token,
                "What a client must present to change anything; without one, only loopback peers may."
            ).secret,
        ])
}

enum LimitsSchema {
    static let body = ValueSchema.size(0...(1 << 40))

    static let limits = ObjectSchema(
        "limits", "What is refused for being too large or too many.", empty: LimitsConfig(),
        fields: [
            .field("request_line", \.requestLine, .size(256...(1 << 20)), "The first line of a request; 414 past it."),
            .field("headers", \.headers, .size(1024...(1 << 20)), "A whole request head; 431 past it."),
            .field("header_count", \.headerCount, .integer(1...10_000), "Header fields of a request; 431 past it."),
            .field("body", \.body, body, "A request body, chunked ones too; 413 past it."),
            .field(
                "connections", \.connections, .integer(0...10_000_000),
                "Client connections; 0: from the file-descriptor limit, with a reserve for upstreams."),
            .field(
                "underscore_headers", \.underscoreHeaders,
                .choice(of: LimitsConfig.UnderscoreHeaders.allCases),
                "Header names with `_`, which some applications cannot tell from `-`."),
        ])
}

enum TimeoutsSchema {
    /// A timeout that must pass some time.
    static let any = ValueSchema.duration(.milliseconds(1)...(.seconds(86_400)))

    static let timeouts = ObjectSchema(
        "timeouts", "What is ended for taking too long.", empty: TimeoutsConfig(),
        fields: [
            .field("request_head", \.requestHead, any, "From the first byte to the end of the head; 408 past it."),
            .field("body_idle", \.bodyIdle, any, "Without progress while reading a request body; 408 past it."),
            .field("keep_alive", \.keepAlive, any, "An idle client connection is closed after this."),
            .field("request", \.request, any, "The whole exchange; 504 past it."),
            .field(
                "drain", \.drain, .duration(.zero...(.seconds(86_400))),
                "How long requests in flight may take to end when the gateway stops."),
            .field(
                "drain_delay", \.drainDelay, .duration(.zero...(.seconds(3600))),
                "How long listeners stay open after `/readyz` has begun to say 503, so that load balancers see it "
                    + "first; part of `drain`."),
        ])
}

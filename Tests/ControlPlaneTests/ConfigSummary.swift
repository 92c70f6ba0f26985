import Config

/// A decoded configuration in a few lines, defaults left out: what golden files expect.
enum ConfigSummary {
    static func text(of config: GatewayConfig, warnings: [ConfigDiagnostic]) -> String {
        let defaults = GatewayConfig()
        var lines: [String] = []
        for listener in config.listeners {
            lines.append("listener \(listener.name) \(listener.address) proxy_protocol=\(listener.proxyProtocol)")
        }
        lines.append("admin \(config.admin.address ?? "off") token=\(config.admin.token.debugDescription)")
        if let workers = config.workers { lines.append("workers \(workers)") }
        if !config.trustedProxies.isEmpty { lines.append("trusted_proxies \(config.trustedProxies.map(\.value))") }
        if config.limits != defaults.limits { lines.append("\(config.limits)") }
        if config.timeouts != defaults.timeouts { lines.append("\(config.timeouts)") }
        if config.accessLog.unplaced != defaults.accessLog { lines.append("\(config.accessLog.unplaced)") }
        if config.reload != defaults.reload { lines.append("\(config.reload)") }
        lines += config.routes.flatMap(lines(of:))
        lines += config.upstreams.flatMap(lines(of:))
        lines += config.middleware.map(line(of:))
        lines += config.tests.flatMap(lines(of:))
        lines += warnings.map(\.description)
        return lines.joined(separator: "\n")
    }

    private static func lines(of route: RouteConfig) -> [String] {
        var lines = ["route \(route.name) \(route.match.path)"]
        let match = route.match
        if !match.hosts.isEmpty { lines.append("  hosts \(match.hosts.map(\.value))") }
        if !match.methods.isEmpty { lines.append("  methods \(match.methods)") }
        lines += match.headers.map { "  header \($0.name) \($0.value)" }
        lines += match.query.map { "  query \($0.name) \($0.value)" }
        switch route.action {
        case .upstream(let upstream): lines.append("  upstream \(upstream.name)")
        case .split(let targets): lines += targets.map { "  split \($0.upstream.name) weight=\($0.weight)" }
        case .redirect(let status, let location): lines.append("  redirect \(status) \(location)")
        case .respond(let status, let body, let headers):
            lines.append("  respond \(status) \(body.debugDescription)")
            lines += headers.map { "    \($0.name): \($0.value)" }
        }
        if let rewrite = route.rewrite {
            lines.append("  rewrite strip_prefix=\(text(rewrite.stripPrefix)) path=\(text(rewrite.path))")
            lines.append("    regex=\(text(rewrite.regex?.pattern)) -> \(text(rewrite.regex?.replacement))")
            lines.append("    host=\(text(rewrite.host))")
        }
        if let mirror = route.mirror { lines.append("  mirror \(mirror.upstream.name) sample=\(mirror.sample)") }
        for reference in route.middleware {
            switch reference {
            case .named(let name): lines.append("  middleware \(name.value)")
            case .inline(let middleware): lines.append("  inline \(line(of: middleware))")
            }
        }
        if let timeout = route.requestTimeout { lines.append("  timeouts.request \(timeout)") }
        if let timeout = route.bodyIdleTimeout { lines.append("  timeouts.body_idle \(timeout)") }
        if let limit = route.bodyLimit { lines.append("  limits.body \(limit)") }
        if route.priority != 0 { lines.append("  priority \(route.priority)") }
        return lines
    }

    private static func lines(of upstream: UpstreamConfig) -> [String] {
        let defaults = UpstreamConfig(name: "")
        var lines = ["upstream \(upstream.name)"]
        for target in upstream.targets {
            let zone = target.zone.map { " zone=\($0)" } ?? ""
            lines.append("  target \(target.host) port \(target.port) weight=\(target.weight)\(zone)")
        }
        if upstream.balance != defaults.balance { lines.append("  balance \(upstream.balance)") }
        if upstream.keepAlivePerWorker != defaults.keepAlivePerWorker
            || upstream.keepAliveIdle != defaults.keepAliveIdle
        {
            lines.append("  keep_alive per_worker=\(upstream.keepAlivePerWorker) idle=\(upstream.keepAliveIdle)")
        }
        if upstream.connectTimeout != defaults.connectTimeout {
            lines.append("  connect_timeout \(upstream.connectTimeout)")
        }
        if upstream.responseTimeout != defaults.responseTimeout {
            lines.append("  response_timeout \(upstream.responseTimeout)")
        }
        return lines
    }

    private static func line(of middleware: MiddlewareConfig) -> String {
        switch middleware.filter {
        case .headers(let headers):
            "middleware \(middleware.name): headers "
                + "request(\(text(headers.request))) response(\(text(headers.response)))"
        case .requestSize(let size):
            "middleware \(middleware.name): request-size \(size.body) length=\(size.requireContentLength)"
        case .lua(let lua):
            "middleware \(middleware.name): lua \(lua.script.value) on_error=\(lua.onError) cpu=\(lua.limits.cpu)"
        default: "middleware \(middleware.name): \("\(middleware.filter)".prefix { $0 != "(" })"
        }
    }

    private static func text(_ edits: HeadersFilterConfig.Edits) -> String {
        let parts =
            edits.remove.map { "-\($0)" } + edits.set.map { "=\($0.name): \($0.value)" }
            + edits.add.map { "+\($0.name): \($0.value)" }
        return parts.joined(separator: ", ")
    }

    private static func text(_ value: String?) -> String { value?.debugDescription ?? "-" }

    private static func lines(of test: ConfigTest) -> [String] {
        let (request, upstream, expect) = (test.request, test.upstream, test.expect)
        let fields = request.headers.map { "\($0.name): \($0.value)" }
        var lines = ["test \(test.name): \(request.method) \(request.url.value) from \(request.clientIP) \(fields)"]
        if !request.body.isEmpty { lines.append("  body \(request.body.debugDescription)") }
        let answer = "\(upstream.status) \(upstream.body.debugDescription)"
        lines.append("  upstream \(upstream.refuses ? "refuses" : answer)")
        if let status = expect.status { lines.append("  expect status \(status.value)") }
        if let route = expect.route { lines.append("  expect route \(route.value)") }
        if let upstream = expect.upstream { lines.append("  expect upstream \(upstream.value)") }
        if let reason = expect.endReason { lines.append("  expect end_reason \(reason.value)") }
        lines += expect.headers.map { "  expect \($0.name) \($0.condition)" }
        if let body = expect.body { lines.append("  expect body \(body.value)") }
        if let forwarded = expect.forwarded {
            lines.append("  forwarded \(text(forwarded.method?.value)) \(text(forwarded.target?.value))")
            lines += forwarded.headers.map { "  forwarded \($0.name) \($0.condition)" }
        }
        return lines
    }
}

extension AccessLogConfig {
    fileprivate var unplaced: AccessLogConfig {
        var copy = self
        copy.position = .unknown
        return copy
    }
}

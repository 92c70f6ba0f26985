package import Config
import HTTP
package import Routing

/// What the gateway would do with one request, and why: for `gateway explain`.
///
/// The answer comes from the compiled routes, rewrites and templates that workers run, not from a second reading of
/// the configuration.
package struct RequestExplanation: Sendable {
    /// Where a request goes after its route.
    package enum Outcome: Sendable, Equatable {
        /// `target` is path and query as sent to the upstream; `host` nil: the client's.
        case forward(upstreams: [String], target: String, host: String?)
        case redirect(status: Int, location: String)
        case respond(status: Int)
        case refuse(status: Int, code: String, why: String)
    }

    package let method: String
    package let url: RequestURL
    /// The path that is matched; nil when it has no normal form.
    package private(set) var normalPath: String?
    package private(set) var routing: Explanation?
    /// Where the route stands in the configuration.
    package private(set) var position: SourcePosition?
    /// In the order in which they see the request; name and type.
    package private(set) var filters: [(name: String, type: String)] = []
    package private(set) var outcome: Outcome

    /// A field that a person wrote as `name: value`; nil when it is none.
    package static func field(_ line: String) -> (name: String, value: String)? {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        return (String(parts[0]), String(parts[1].drop { $0 == " " }))
    }

    /// - Parameters:
    ///   - headers: name and value of each field; a `Host` replaces the URL's.
    ///   - known: the routes of `config`, where they are compiled already.
    /// - Throws: `ConfigFailure` when the configuration does not compile.
    package init(
        method: String, url: RequestURL, headers: [(name: String, value: String)], config: GatewayConfig,
        table known: RouteTable? = nil
    ) throws(ConfigFailure) {
        var url = url
        for (name, value) in headers where name.lowercased() == "host" { url.authority = value }
        self.method = method
        self.url = url
        let table: RouteTable
        if let known { table = known } else { table = try RouteTable(compiling: config.routes) }
        var normal: [UInt8] = []
        do throws(TargetError) {
            try PathNormalizer.normalize(Array(url.path.utf8).span, into: &normal)
        } catch {
            outcome = .refuse(status: 400, code: "bad_request", why: "\(error.explanation)")
            return
        }
        let path = String(decoding: normal, as: UTF8.self)
        normalPath = path
        let explanation = table.explain(
            method: method, authority: url.authority, path: path, query: url.query, headers: headers)
        routing = explanation
        guard let index = explanation.routeIndex else {
            outcome =
                explanation.verdict == .methodNotAllowed
                ? .refuse(status: 405, code: "method_not_allowed", why: "Allow: \(explanation.allow ?? "")")
                : .refuse(status: 404, code: "no_route", why: "no route fits")
            return
        }
        let route = config.routes[index]
        position = route.position
        filters = route.middleware.compactMap { Self.filter($0, config) }
        let probe = RequestProbe(
            method: method, authority: url.authority, path: path, query: url.query, headers: headers)
        outcome = try Self.outcome(of: route, probe, table: table, url: url)
    }

    private static func outcome(
        of route: RouteConfig, _ probe: RequestProbe, table: RouteTable, url: RequestURL
    ) throws(ConfigFailure) -> Outcome {
        var captures = PathCaptures()
        _ = table.match(probe, captures: &captures)
        switch route.action {
        case .respond(let status, _, _): return .respond(status: status)
        case .redirect(let status, let template):
            var location: [UInt8] = []
            try LocationTemplate(compiling: template, route: route).write(
                scheme: Array(url.scheme.utf8).span, host: probe.authority.span, path: probe.path.span,
                query: probe.query.span, captures: captures, into: &location)
            return .redirect(status: status, location: String(decoding: location, as: UTF8.self))
        case .upstream(let upstream):
            return try forward([upstream.name], route, probe, captures, url)
        case .split(let targets):
            return try forward(targets.map { "\($0.upstream.name) (weight \($0.weight))" }, route, probe, captures, url)
        }
    }

    private static func forward(
        _ upstreams: [String], _ route: RouteConfig, _ probe: RequestProbe, _ captures: PathCaptures, _ url: RequestURL
    ) throws(ConfigFailure) -> Outcome {
        var path = probe.path
        var host: String?
        if let config = route.rewrite, let rewrite = try PathRewrite(compiling: config, route: route) {
            host = rewrite.host.map { String(decoding: $0, as: UTF8.self) }
            var rewritten: [UInt8] = []
            do throws(RewriteError) {
                // Nobody knows here what filters set: it stands as it is written.
                let isRewritten = try rewrite.apply(
                    path: probe.path.span, captures: captures, variable: { $0 }, into: &rewritten)
                if isRewritten { path = rewritten }
            } catch {
                return .refuse(status: 500, code: "internal_error", why: "the rewrite does not make a valid path")
            }
        }
        let target = RequestURL.target(path: String(decoding: path, as: UTF8.self), query: url.query)
        return .forward(upstreams: upstreams, target: target, host: host)
    }

    private static func filter(
        _ reference: MiddlewareReference, _ config: GatewayConfig
    ) -> (name: String, type: String)? {
        let middleware: MiddlewareConfig?
        switch reference {
        case .inline(let inline): middleware = inline
        case .named(let name): middleware = config.middleware.first { $0.name == name.value }
        }
        guard let middleware else { return nil }
        let type =
            switch middleware.filter {
            case .headers: "headers"
            case .jwt: "jwt"
            case .apiKey: "api-key"
            case .rateLimit: "rate-limit"
            case .cors: "cors"
            case .ipFilter: "ip-filter"
            case .securityHeaders: "security-headers"
            case .concurrencyLimit: "concurrency-limit"
            case .basicAuth: "basic-auth"
            case .forwardAuth: "forward-auth"
            case .any: "any"
            case .requestSize: "request-size"
            case .lua(let lua): "lua script \(lua.program?.label ?? lua.script.value)"
            }
        return (middleware.name, type)
    }
}

/// What an operator wrote, decoded and checked value by value, before anything is compiled from it.
///
/// Plain values with the place each came from; `Type+Config.swift` files turn them into what workers read.
package struct GatewayConfig: Sendable, Equatable {
    package var listeners: [ListenerConfig] = [ListenerConfig()]
    package var admin = AdminConfig()
    /// nil is `auto`: the CPUs of the cpuset and the cgroup quota.
    package var workers: Int?
    package var trustedProxies: [Located<String>] = []
    package var limits = LimitsConfig()
    package var timeouts = TimeoutsConfig()
    package var accessLog = AccessLogConfig()
    package var reload = ReloadConfig()
    package var routes: [RouteConfig] = []
    package var upstreams: [UpstreamConfig] = []
    package var middleware: [MiddlewareConfig] = []
    package var stores: [StoreConfig] = []
    package var lua = LuaConfig()
    /// Names of the metrics that scripts declare; known when they have been staged.
    package var scriptMetrics: [String] = []
    package var tests: [ConfigTest] = []

    package init() {}
}

extension GatewayConfig {
    /// Every use of a filter, defined by name or in a route.
    package var allMiddleware: [MiddlewareConfig] {
        middleware
            + routes.flatMap { route in
                route.middleware.compactMap { reference in
                    if case .inline(let own) = reference { return own }
                    return nil
                }
            }
    }

    package var usesScripts: Bool {
        allMiddleware.contains { middleware in
            if case .lua = middleware.filter { return true }
            return false
        }
    }
}

/// A value and the place in the file that set it.
package struct Located<Value: Sendable & Equatable>: Sendable, Equatable {
    package var value: Value
    package var position: SourcePosition

    package init(_ value: Value, at position: SourcePosition = .unknown) {
        self.value = value
        self.position = position
    }
}

package struct ListenerConfig: Sendable, Equatable {
    package enum ProxyProtocol: String, Sendable, CaseIterable { case off, accept, require }

    package var name = "http"
    /// `host:port`, `[v6]:port` or `unix:/path`; already checked by the decoder.
    package var address = "0.0.0.0:8080"
    package var proxyProtocol = ProxyProtocol.off
    /// nil: plain HTTP.
    package var tls: ListenerTLSConfig?
    package var position = SourcePosition.unknown

    package init() {}
}

package struct AdminConfig: Sendable, Equatable {
    /// nil is `off`.
    package var address: String? = "127.0.0.1:9901"
    package var token: String = ""
    package var position = SourcePosition.unknown

    package init() {}
}

/// Limits in bytes, or counts where the name says so.
package struct LimitsConfig: Sendable, Equatable {
    package enum UnderscoreHeaders: String, Sendable, CaseIterable { case drop, allow, reject }

    package var requestLine = 8 << 10
    package var headers = 32 << 10
    package var headerCount = 100
    package var body = 10 << 20
    /// 0: from the file-descriptor limit, with a reserve for upstreams.
    package var connections = 0
    package var underscoreHeaders = UnderscoreHeaders.drop

    package init() {}
}

package struct TimeoutsConfig: Sendable, Equatable {
    package var requestHead: Duration = .seconds(10)
    package var bodyIdle: Duration = .seconds(60)
    package var keepAlive: Duration = .seconds(75)
    package var request: Duration = .seconds(30)
    package var drain: Duration = .seconds(30)
    /// The part of `drain` in which new connections are still taken.
    package var drainDelay: Duration = .seconds(1)

    package init() {}
}

package struct RouteConfig: Sendable, Equatable {
    package var name: String
    package var match = MatchConfig()
    package var action: RouteAction
    package var rewrite: RewriteConfig?
    package var mirror: MirrorConfig?
    /// In the order of the file; each names an entry of `GatewayConfig.middleware` or holds its own.
    package var middleware: [MiddlewareReference] = []
    /// nil: the top level's.
    package var requestTimeout: Duration?
    package var bodyIdleTimeout: Duration?
    package var bodyLimit: Int?
    package var priority = 0
    /// What people are shown in place of a redirect's location, where a variable contributed to it.
    package var shownLocation: String?
    package var position = SourcePosition.unknown

    package init(name: String, action: RouteAction) {
        self.name = name
        self.action = action
    }
}

/// The conditions of a route; all of them must hold.
package struct MatchConfig: Sendable, Equatable {
    package enum Path: Sendable, Equatable {
        /// `/a/b`, `/a/{id}`, `/a/*` or `/*`, as written.
        case pattern(String)
        case regex(String)
    }
    package enum ValueCondition: Sendable, Equatable { case exact(String), regex(String), present, absent }
    package struct Condition: Sendable, Equatable {
        package var name: String
        package var value: ValueCondition
        /// What people are shown in place of the text or pattern, where that is a secret or came from a variable.
        package var shown: String?
        package var position = SourcePosition.unknown

        package init(name: String, value: ValueCondition) {
            self.name = name
            self.value = value
        }
    }

    package var path = Path.pattern("/*")
    package var pathPosition = SourcePosition.unknown
    /// Lower-case, `example.com` or `*.example.com`; empty: any host.
    package var hosts: [Located<String>] = []
    /// Upper-case method tokens; empty: all.
    package var methods: [String] = []
    package var headers: [Condition] = []
    package var query: [Condition] = []

    package init() {}
}

package enum RouteAction: Sendable, Equatable {
    case upstream(UpstreamReference)
    case split([SplitTarget])
    case redirect(status: Int, location: String)
    case respond(status: Int, body: String, headers: [HeaderLine])
}

package struct HeaderLine: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// The name of an entry under `upstreams`. A URL written in place of a name has become an entry of its own, named by
/// the URL, when decoding ends; so this is always a key of `GatewayConfig.upstreams`.
package struct UpstreamReference: Sendable, Equatable {
    package var name: String
    package var position = SourcePosition.unknown

    package init(_ name: String, at position: SourcePosition = .unknown) {
        self.name = name
        self.position = position
    }
}

package struct SplitTarget: Sendable, Equatable {
    package var upstream: UpstreamReference
    package var weight: Int

    package init(upstream: UpstreamReference, weight: Int) {
        self.upstream = upstream
        self.weight = weight
    }
}

package struct RewriteConfig: Sendable, Equatable {
    package struct Regex: Sendable, Equatable {
        package var pattern: String
        /// With `$1` … `$9` for groups and `$$` for a dollar sign.
        package var replacement: String

        package init(pattern: String, replacement: String) {
            self.pattern = pattern
            self.replacement = replacement
        }
    }

    package var stripPrefix: String?
    /// A template: `/users/{id}` with the route's parameters, `{*}` for what a prefix left over.
    package var path: String?
    package var regex: Regex?
    package var host: String?
    package var position = SourcePosition.unknown

    package init() {}
}

package struct MirrorConfig: Sendable, Equatable {
    package var upstream: UpstreamReference
    /// The share of requests that is copied, 0...1.
    package var sample = 1.0

    package init(upstream: UpstreamReference) {
        self.upstream = upstream
    }
}

package enum MiddlewareReference: Sendable, Equatable {
    case named(Located<String>)
    case inline(MiddlewareConfig)
}

package struct MiddlewareConfig: Sendable, Equatable {
    package var name: String
    package var filter: FilterConfig
    package var position = SourcePosition.unknown

    package init(name: String, filter: FilterConfig) {
        self.name = name
        self.filter = filter
    }
}

/// The decoded configuration of each built-in filter type; a new type is a new case here, and everything that must
/// know it stops compiling until it does.
package enum FilterConfig: Sendable, Equatable {
    case headers(HeadersFilterConfig)
    case requestSize(RequestSizeFilterConfig)
    case lua(LuaFilterConfig)
    case jwt(JWTFilterConfig)
    case apiKey(APIKeyFilterConfig)
    case rateLimit(RateLimitFilterConfig)
    case cors(CORSFilterConfig)
    case ipFilter(IPFilterConfig)
    case securityHeaders(SecurityHeadersFilterConfig)
    case concurrencyLimit(ConcurrencyLimitFilterConfig)
    case basicAuth(BasicAuthFilterConfig)
    case forwardAuth(ForwardAuthFilterConfig)
    case any(AnyFilterConfig)
}

/// `headers`: edits of request and response fields, in the order remove, set, add.
package struct HeadersFilterConfig: Sendable, Equatable {
    package struct Edits: Sendable, Equatable {
        package var set: [HeaderLine] = []
        package var add: [HeaderLine] = []
        package var remove: [String] = []

        package init() {}
    }

    package var request = Edits()
    package var response = Edits()

    package init() {}
}

/// `request-size`: the largest request body in bytes; 413 past it.
package struct RequestSizeFilterConfig: Sendable, Equatable {
    package var body: Int
    /// Refuse a request that does not announce its length (411).
    package var requireContentLength = false

    package init(body: Int) {
        self.body = body
    }
}

package import Config
import Telemetry

/// Builds a worker's filter instances from what the operator wrote; the one file that sees both sides.
package enum FilterFactory {
    /// A new instance of the filter that `config` describes, for one worker; nil for a script that is not in the
    /// context.
    package static func makeFilter(_ config: MiddlewareConfig, _ context: FilterContext) -> (any Filter)? {
        switch config.filter {
        case .lua(let lua):
            context.scripts.filter(named: config.name, lua)
        case .headers(let headers):
            HeadersFilter(name: config.name, request: edits(headers.request), response: edits(headers.response))
        case .jwt(let jwt): authentication(config.name, [config], jwt.isOptional, context)
        case .apiKey(let keys): authentication(config.name, [config], keys.isOptional, context)
        case .any(let any):
            authentication(
                config.name, any.members.compactMap { context.definitions[$0.value] }, any.isOptional, context)
        case .basicAuth(let basic): authentication(config.name, [config], basic.isOptional, context)
        case .forwardAuth(let forward):
            ForwardAuthFilter(name: config.name, forward, series: context.authenticationSeries(config.name))
        case .rateLimit(let limit):
            RateLimitFilter(
                name: config.name, limit,
                table: context.resources.rateLimits.table(named: config.name, owner: context.owner, limit),
                series: RateLimitSeries(shard: context.shard, limit: context.registry.filters.id(for: config.name)),
                shared: limit.redis.flatMap {
                    context.resources.sharedCounters.link(to: $0, timeout: limit.redisTimeout)
                })
        case .cors(let cors): CORSFilter(name: config.name, cors)
        case .ipFilter(let filter):
            IPFilter(name: config.name, filter, series: context.authenticationSeries(config.name))
        case .securityHeaders(let headers): SecurityHeadersFilter(name: config.name, headers)
        case .concurrencyLimit(let limit):
            ConcurrencyLimitFilter(
                name: config.name, limit,
                table: context.resources.concurrency.table(named: config.name, owner: context.owner, limit),
                series: RateLimitSeries(shard: context.shard, limit: context.registry.filters.id(for: config.name)))
        case .requestSize(let size):
            RequestSizeFilter(name: config.name, limit: size.body, requiresLength: size.requireContentLength)
        }
    }

    /// nil when one of the members cannot be made: to leave it out would be to ask for less.
    private static func authentication(
        _ name: String, _ members: [MiddlewareConfig], _ isOptional: Bool, _ context: FilterContext
    ) -> (any Filter)? {
        let authenticators = members.compactMap { makeAuthenticator($0, context) }
        guard !members.isEmpty, authenticators.count == members.count else { return nil }
        return AuthenticationFilter(
            name: name, authenticators: authenticators, isOptional: isOptional,
            series: members.map { context.authenticationSeries($0.name) })
    }

    private static func makeAuthenticator(
        _ config: MiddlewareConfig, _ context: FilterContext
    ) -> (any Authenticator)? {
        switch config.filter {
        case .jwt(let jwt): JWTAuthenticator(name: config.name, jwt, cells: context.resources.keyCells)
        case .apiKey(let keys): APIKeyAuthenticator(name: config.name, keys)
        case .basicAuth(let basic):
            BasicAuthenticator(name: config.name, basic, checks: context.resources.passwords)
        default: nil
        }
    }

    private static func edits(_ config: HeadersFilterConfig.Edits) -> HeadersFilter.Edits {
        var edits = HeadersFilter.Edits()
        edits.remove = config.remove.map { Array($0.utf8) }
        edits.set = config.set.map(pair)
        edits.add = config.add.map(pair)
        return edits
    }

    private static func pair(_ line: HeaderLine) -> HeaderPair {
        HeaderPair(name: Array(line.name.utf8), value: Array(line.value.utf8))
    }
}

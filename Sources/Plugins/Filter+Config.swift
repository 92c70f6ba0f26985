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
        case .jwt(let jwt):
            authentication(config.name, jwt.isOptional, context) {
                JWTAuthenticator(name: config.name, jwt, cells: context.resources.keyCells)
            }
        case .apiKey(let keys):
            authentication(config.name, keys.isOptional, context) { APIKeyAuthenticator(name: config.name, keys) }
        case .rateLimit(let limit):
            RateLimitFilter(
                name: config.name, limit,
                table: context.resources.rateLimits.table(named: config.name, owner: context.owner, limit),
                series: RateLimitSeries(shard: context.shard, limit: context.registry.filters.id(for: config.name)))
        case .cors(let cors): CORSFilter(name: config.name, cors)
        case .requestSize(let size):
            RequestSizeFilter(name: config.name, limit: size.body, requiresLength: size.requireContentLength)
        }
    }

    private static func authentication(
        _ name: String, _ isOptional: Bool, _ context: FilterContext, _ make: () -> (any Authenticator)?
    ) -> (any Filter)? {
        make().map {
            AuthenticationFilter(
                name: name, authenticators: [$0], isOptional: isOptional, series: [context.authenticationSeries(name)])
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

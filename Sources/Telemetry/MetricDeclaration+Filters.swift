extension MetricDeclaration {
    static let authDecisions = MetricDeclaration(
        name: "gateway_auth_decisions_total", kind: .counter,
        help: "Requests by what an authentication filter decided.",
        labels: [.filter, .authDecision], seriesMax: 5_000)
    static let jwksFetches = MetricDeclaration(
        name: "gateway_jwks_fetches_total", kind: .counter, help: "Attempts to fetch the keys of an issuer.",
        labels: [.url, .result], seriesMax: 500)
    static let jwksKeys = MetricDeclaration(
        name: "gateway_jwks_keys", kind: .gauge, help: "Usable keys in what an issuer sent last.", labels: [.url],
        seriesMax: 500)
    static let jwksLastSuccess = MetricDeclaration(
        name: "gateway_jwks_last_success_timestamp_seconds", kind: .gauge,
        help: "Unix time at which the keys of an issuer were fetched last; 0: never.", labels: [.url],
        seriesMax: 500)
    static let apiKeyNotAfter = MetricDeclaration(
        name: "gateway_api_key_not_after_seconds", kind: .gauge,
        help: "Unix time at which a key of an api-key filter ends, of keys that end.", labels: [.filterName, .apiKey],
        seriesMax: 20_000)
    static let rateLimitDecisions = MetricDeclaration(
        name: "gateway_rate_limit_decisions_total", kind: .counter, help: "Requests by what a limit decided.",
        labels: [.limit, .limitDecision], seriesMax: 5_000)
    static let rateLimitOverflow = MetricDeclaration(
        name: "gateway_rate_limit_overflow_total", kind: .counter,
        help: "Requests whose key found no counter of its own, and shared one.", labels: [.limitName],
        seriesMax: 2_000)
}

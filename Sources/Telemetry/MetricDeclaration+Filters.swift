extension MetricDeclaration {
    static let authDecisions = MetricDeclaration(
        name: "gateway_auth_decisions_total", kind: .counter,
        help: "Requests by what an authentication filter decided.",
        labels: [.filter, .authDecision], seriesMax: 5_000)
    static let rateLimitDecisions = MetricDeclaration(
        name: "gateway_rate_limit_decisions_total", kind: .counter, help: "Requests by what a limit decided.",
        labels: [.limit, .limitDecision], seriesMax: 5_000)
    static let rateLimitOverflow = MetricDeclaration(
        name: "gateway_rate_limit_overflow_total", kind: .counter,
        help: "Requests whose key found no counter of its own, and shared one.", labels: [.limitName],
        seriesMax: 2_000)
}

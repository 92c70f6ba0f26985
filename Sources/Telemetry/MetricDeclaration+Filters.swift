extension MetricDeclaration {
    static let authDecisions = MetricDeclaration(
        name: "gateway_auth_decisions_total", kind: .counter,
        help: "Requests by what an authentication filter decided.",
        labels: [.filter, .authDecision], seriesMax: 5_000)
}

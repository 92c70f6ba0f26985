extension MetricDeclaration {
    static let tlsHandshakes = MetricDeclaration(
        name: "gateway_tls_handshakes_total", kind: .counter,
        help: "TLS handshakes with clients, by how they went.", labels: [.listener, .handshakeOutcome],
        seriesMax: 1_000)
    static let tlsCertificateNotAfter = MetricDeclaration(
        name: "gateway_tls_certificate_not_after_seconds", kind: .gauge,
        help: "Unix time at which a certificate of a listener or an upstream ends.", labels: [.owner, .certificate],
        seriesMax: 2_000)
}

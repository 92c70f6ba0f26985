import Foundation
import GatewayTesting
import Testing

/// HTTPS towards upstreams: another gateway, whose listeners have certificates of the test's.
@Suite("TLS towards upstreams", .timeLimit(.minutes(3)))
struct TLSUpstreamTests {
    struct Fixture: Sendable {
        var origin: ScriptedUpstream
        var server: GatewayProcess
        var gateway: GatewayProcess
    }

    static let fixture = Result {
        let certificates = try TestCertificates.shared.get()
        let origin = try ScriptedUpstream { request, session in try session.respond(request.text + request.target) }
        let ports = try (0..<2).map { _ in try FreePort.take() }
        let ca = "ca: \"\(certificates.path("clients.crt"))\""
        let server = try GatewayProcess(
            upstream: origin,
            listeners:
                "  - { name: s, address: \"127.0.0.1:\(ports[0])\","
                + " tls: { certificates: [\(certificates.entry("server"))] } }\n"
                + "  - name: m\n    address: \"127.0.0.1:\(ports[1])\"\n    tls:\n"
                + "      certificates: [\(certificates.entry("server"))]\n"
                + "      client_auth: { mode: require, \(ca), forward: { names: x-names } }\n",
            config: "routes:\n  - { name: all, path: \"/*\", upstream: \"\(origin.url)\" }\n")
        let good = "ca: \"\(certificates.path("ca.crt"))\""
        func upstream(_ name: String, _ port: UInt16, host: String = "127.0.0.1", _ tls: String) -> String {
            "  \(name): { targets: [\"https://\(host):\(port)\"], tls: { \(tls) } }\n"
        }
        var config = "upstreams:\n"
        config += upstream("good", ports[0], good)
        config += upstream("named", ports[0], good + ", server_name: x.w.example")
        config += upstream("stranger", ports[0], "ca: \"\(certificates.path("stranger.crt"))\"")
        config += upstream("system", ports[0], "verify: true")
        config += upstream("misnamed", ports[0], good + ", server_name: c.example")
        config += upstream("unverified", ports[0], "verify: false")
        config += upstream("plain", origin.port, good)
        config += upstream("shown", ports[1], good + ", client_cert: \(certificates.entry("client"))")
        config += upstream("hidden", ports[1], good)
        config += "routes:\n"
        for name in ["good", "named", "stranger", "system", "misnamed", "unverified", "plain", "shown", "hidden"] {
            config += "  - { name: \(name), path: \"/\(name)/*\", upstream: \(name) }\n"
        }
        let gateway = try GatewayProcess(config: config)
        return Fixture(origin: origin, server: server, gateway: gateway)
    }

    @Test(arguments: ["good", "named", "unverified", "shown"]) func forwards(_ name: String) throws {
        let fixture = try Self.fixture.get()
        let connection = try fixture.gateway.connect()
        for round in 0..<3 { #expect(try connection.get("/\(name)/\(round)").text == "/\(name)/\(round)") }
        let body = String(repeating: "z", count: 300_000)
        let head = RawConnection.request("POST", "/\(name)/body", ["Content-Length: \(body.count)"])
        #expect(try connection.exchange(head, body: body).text == body + "/\(name)/body")
        if name == "shown" {
            #expect(fixture.origin.requests(to: "/shown/0").last?["x-names"] == "URI:spiffe://ex/ada")
        }
    }

    @Test(arguments: ["stranger", "system", "misnamed", "plain"]) func refuses(_ name: String) throws {
        let fixture = try Self.fixture.get()
        let answer = try fixture.gateway.get("/\(name)/x")
        #expect(answer.status == 502)
        #expect(answer.text.contains("upstream_tls"))
        #expect(fixture.origin.requests(to: "/\(name)/x").isEmpty)
        try waitUntil("the log tells why") { fixture.gateway.child.errors.contains("upstream=\(name)") }
    }

    /// In TLS 1.3 a client hears only after its request that its certificate was missed.
    @Test func aMissingCertificateIsAFailureOfTheUpstream() throws {
        let answer = try Self.fixture.get().gateway.get("/hidden/x")
        #expect(answer.status == 502, "\(answer)")
    }

    @Test func sessionsAreTakenUp() throws {
        let fixture = try Self.fixture.get()
        for _ in 0..<3 {
            // A client that closes has its own connection to the upstream closed only by the pool: force new ones.
            _ = try fixture.gateway.get("/good/a")
        }
        let metrics = try fixture.server.metrics()
        #expect(metrics.count("gateway_tls_handshakes_total", ["listener": "s", "result": "full"]) >= 1)
    }
}

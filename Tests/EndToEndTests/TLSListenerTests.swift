import Foundation
import GatewayTesting
import Testing

/// HTTPS towards clients, with curl and openssl as clients.
@Suite("TLS towards clients", .timeLimit(.minutes(3)))
struct TLSListenerTests {
    struct Fixture: Sendable {
        var upstream: ScriptedUpstream
        var gateway: GatewayProcess
        var port: UInt16
        var mutual: UInt16
        var asking: UInt16
        var modern: UInt16
    }

    static let fixture = Result {
        let upstream = try ScriptedUpstream()
        let certificates = try TestCertificates.shared.get()
        let ports = try (0..<4).map { _ in try FreePort.take() }
        func listener(_ name: String, _ port: UInt16, _ tls: String) -> String {
            "  - { name: \(name), address: \"127.0.0.1:\(port)\", tls: { \(tls) } }\n"
        }
        let both = "certificates: [\(certificates.entry("server")), \(certificates.entry("other"))]"
        let one = "certificates: [\(certificates.entry("server"))]"
        let ca = "ca: \"\(certificates.path("clients.crt"))\""
        let forward =
            "forward: { subject: x-subject, names: x-names, fingerprint: x-fingerprint, serial: x-serial }"
        let listeners =
            listener("https", ports[0], "\(both), handshake_timeout: 1s")
            + listener("mutual", ports[1], "\(one), client_auth: { mode: require, \(ca), \(forward) }")
            + listener("asking", ports[2], "\(one), client_auth: { mode: request, \(ca), \(forward) }")
            + listener("modern", ports[3], "\(one), min_version: \"1.3\"")
        let config =
            "limits: { underscore_headers: allow }\nroutes:\n"
            + "  - { name: all, path: \"/*\", upstream: \"\(upstream.url)\" }\n"
            + "  - { name: to, path: /to, redirect: { location: \"$scheme://$host/x\" } }\n"
        let gateway = try GatewayProcess(upstream: upstream, listeners: listeners, config: config)
        return Fixture(
            upstream: upstream, gateway: gateway, port: ports[0], mutual: ports[1], asking: ports[2], modern: ports[3])
    }

    /// curl's exit code, the status, and the body.
    private func curl(
        _ host: String, _ port: UInt16, _ path: String, _ arguments: String...
    ) throws -> (code: Int32, status: Int, body: String, log: String) {
        let certificates = try TestCertificates.shared.get()
        let result = try ChildProcess.run(
            "/usr/bin/curl",
            [
                "-sS", "-v", "--max-time", "20", "--cacert", certificates.path("ca.crt"), "--resolve",
                "\(host):\(port):127.0.0.1", "-w", "\n%{http_code}", "https://\(host):\(port)\(path)",
            ] + arguments)
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        return (
            result.exitCode, Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"), result.errors
        )
    }

    @Test(arguments: [
        ("a.example", "CN=a.example"), ("x.w.example", "CN=a.example"), ("b.example", "CN=b.example"),
        ("localhost", "CN=a.example"),
    ])
    func certificatesAreChosenByName(_ host: String, _ subject: String) throws {
        let fixture = try Self.fixture.get()
        let answer = try curl(host, fixture.port, "/by-name")
        #expect(answer.code == 0, "\(answer.log)")
        #expect(answer.status == 200)
        #expect(answer.log.contains("subject: \(subject)"), "\(answer.log)")
        #expect(answer.log.contains("server accepted http/1.1"))
    }

    @Test func theUpstreamAndRedirectsKnowTheScheme() throws {
        let fixture = try Self.fixture.get()
        #expect(try curl("a.example", fixture.port, "/scheme").status == 200)
        #expect(try #require(fixture.upstream.requests(to: "/scheme").last)["x-forwarded-proto"] == "https")
        #expect(try curl("a.example", fixture.port, "/to").log.contains("location: https://a.example/x"))
    }

    @Test func oldVersionsAreRefused() throws {
        let fixture = try Self.fixture.get()
        #expect(try curl("a.example", fixture.port, "/old", "--tls-max", "1.2").status == 200)
        #expect(try curl("a.example", fixture.modern, "/old", "--tls-max", "1.2").code == 35)
        #expect(try curl("a.example", fixture.modern, "/new").status == 200)
        let certificates = try TestCertificates.shared.get()
        let old = try ChildProcess.run(
            "/bin/sh",
            [
                "-c",
                "openssl s_client -connect 127.0.0.1:\(fixture.port) -tls1_1 -cipher DEFAULT@SECLEVEL=0 </dev/null",
            ], workingDirectory: certificates.directory.path)
        #expect(old.exitCode != 0)
        #expect(old.errors.contains("alert"), "\(old.errors)")
    }

    @Test func largeBodiesPassBothWays() throws {
        let body = String(repeating: "0123456789abcdef", count: 200_000)
        let certificates = try TestCertificates()
        let upstream = try ScriptedUpstream { request, session in try session.respond(request.text) }
        let port = try FreePort.take()
        let gateway = try GatewayProcess(
            upstream: upstream,
            listeners:
                "  - { name: s, address: \"127.0.0.1:\(port)\","
                + " tls: { certificates: [\(certificates.entry("server"))] } }\n",
            config: "routes:\n  - { name: all, path: \"/*\", upstream: \"\(upstream.url)\" }\n")
        let file = try certificates.directory.write("body", body)
        let result = try ChildProcess.run(
            "/usr/bin/curl",
            [
                "-sS", "--max-time", "30", "--cacert", certificates.path("ca.crt"), "--data-binary", "@\(file)",
                "https://localhost:\(port)/echo",
            ])
        #expect(result.output == body, "\(result.output.count) bytes; \(result.errors)")
        #expect(gateway.child.isRunning)
    }

    @Test func clientsShowCertificates() throws {
        let fixture = try Self.fixture.get()
        let certificates = try TestCertificates.shared.get()
        let own = ["--cert", certificates.path("client.crt"), "--key", certificates.path("client.key")]
        #expect(try curl("a.example", fixture.mutual, "/none").code != 0)
        let stranger = try curl(
            "a.example", fixture.mutual, "/stranger", "--cert", certificates.path("stranger.crt"), "--key",
            certificates.path("stranger.key"))
        #expect(stranger.code != 0)
        let answer = try curl(
            "a.example", fixture.mutual, "/ada", own[0], own[1], own[2], own[3], "-H", "X-Subject: CN=root", "-H",
            "x_subject: CN=root")
        #expect(answer.status == 200, "\(answer.log)")
        let seen = try #require(fixture.upstream.requests(to: "/ada").last)
        #expect(seen.values("x-subject") == [#"O=Ex\, Inc,CN=ada"#])
        #expect(seen.values("x_subject").isEmpty)
        #expect(seen["x-names"] == "URI:spiffe://ex/ada")
        #expect(seen["x-fingerprint"]?.count == 64)
        #expect(fixture.upstream.requests(to: "/none").isEmpty && fixture.upstream.requests(to: "/stranger").isEmpty)
    }

    @Test func certificatesMayBeAskedForOnly() throws {
        let fixture = try Self.fixture.get()
        let certificates = try TestCertificates.shared.get()
        #expect(try curl("a.example", fixture.asking, "/nobody", "-H", "X-Subject: CN=root").status == 200)
        #expect(try #require(fixture.upstream.requests(to: "/nobody").last).values("x-subject").isEmpty)
        let bad = try curl(
            "a.example", fixture.asking, "/bad", "--cert", certificates.path("stranger.crt"), "--key",
            certificates.path("stranger.key"))
        #expect(bad.code != 0)
    }

    @Test func plainHTTPIsTold() throws {
        let answer = try RawConnection(port: Self.fixture.get().port).get("/plain")
        #expect(answer.status == 400)
        #expect(answer.text.contains("HTTPS"))
    }

    @Test func garbageAndSlowHandshakesEnd() throws {
        let fixture = try Self.fixture.get()
        for bytes: [UInt8] in [
            [0x16, 0x03, 0x01, 0xFF, 0xFF], [0], Array(repeating: 0x80, count: 500), [0x15, 3, 3, 0, 2, 2, 0],
        ] {
            let connection = try RawConnection(port: fixture.port)
            try connection.send(bytes)
            // Answered by an alert at most, then closed: at once or when the time for handshakes is up.
            try connection.waitForEnd()
        }
        let silent = try RawConnection(port: fixture.port)
        try silent.waitForEnd()
        try waitUntil("the time-out is counted") {
            try fixture.gateway.metrics().count(
                "gateway_tls_handshakes_total", ["listener": "https", "result": "timeout"]) >= 1
        }
        #expect(try curl("a.example", fixture.port, "/after").status == 200)
    }

    @Test func manyHandshakesDroppedHalfWayCostNothing() throws {
        let fixture = try Self.fixture.get()
        func storm() throws -> Int {
            for _ in 0..<25 {
                let connections = try (0..<200).map { _ in try RawConnection(port: fixture.port) }
                for connection in connections { try connection.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]) }
            }
            #expect(try curl("a.example", fixture.port, "/after-storm").status == 200)
            try waitUntil("all are gone") {
                try fixture.gateway.metrics().count("gateway_connections", ["listener": "https"]) <= 1
            }
            return fixture.gateway.child.residentBytes
        }
        // The first one may have many of them under way at once, each with a few KiB; the next one needs no more.
        let before = fixture.gateway.child.residentBytes
        let after = try storm()
        #expect(after - before < 64 << 20)
        #expect(try storm() - after < 16 << 20)
    }

    @Test func certificatesAreExchangedUnderConnections() throws {
        let certificates = try TestCertificates()
        let port = try FreePort.take()
        let upstream = try ScriptedUpstream()
        try FileManager.default.copyItem(atPath: certificates.path("server.crt"), toPath: certificates.path("live.crt"))
        try FileManager.default.copyItem(atPath: certificates.path("server.key"), toPath: certificates.path("live.key"))
        let gateway = try GatewayProcess(
            upstream: upstream,
            listeners:
                "  - { name: s, address: \"127.0.0.1:\(port)\","
                + " tls: { certificates: [\(certificates.entry("live"))] } }\n",
            config: "routes:\n  - { name: all, path: \"/*\", upstream: \"\(upstream.url)\" }\n")
        func subject() throws -> String {
            let result = try ChildProcess.run(
                "/bin/sh",
                [
                    "-c",
                    "openssl s_client -connect 127.0.0.1:\(port) </dev/null 2>/dev/null | openssl x509 -noout -subject",
                ])
            return result.output
        }
        #expect(try subject().contains("a.example"))
        // A half-written file leaves the old certificate in force.
        let half = try String(contentsOfFile: certificates.path("half.crt"), encoding: .utf8)
        try certificates.directory.write("live.crt", half)
        try waitUntil("the half-written file is rejected") {
            try gateway.metrics().count("gateway_config_last_reload_success") == 0
        }
        #expect(try subject().contains("a.example"))
        for kind in ["key", "crt"] {
            let text = try String(contentsOfFile: certificates.path("other.\(kind)"), encoding: .utf8)
            try certificates.directory.write("live.\(kind)", text)
        }
        try waitUntil("the new certificate is shown") { try subject().contains("b.example") }
        let expiry = try gateway.metrics().text
        #expect(
            expiry.contains(
                "gateway_tls_certificate_not_after_seconds{owner=\"listener s\",certificate=\"CN=b.example\"}"))
    }
}

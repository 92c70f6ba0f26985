import Foundation
import GatewayTesting
import Testing

/// The admin API under the bytes that the listeners are tested with, and under load that it cannot take.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AdminAttackTests {
    private static let route = "routes: [{ name: all, path: \"/*\", respond: { status: 200, body: ok } }]\n"

    /// Whatever arrives, the gateway serves on, nothing was changed, and the admin API answers the next one.
    @Test func survivesEveryMalformedRequest() throws {
        let gateway = try GatewayProcess(config: Self.route)
        for row in try RequestCase.all(in: "Tests/EndToEndTests/Cases") {
            let connection = try RawConnection(port: gateway.adminPort)
            try? connection.send(row.bytes, inPiecesOf: row.bytes.count + 1)
            connection.socket.finishSending()
            _ = try? connection.reader.readResponse(toHead: false, before: .after(.milliseconds(100)))
            connection.socket.close()
        }
        #expect(try gateway.admin("/readyz").status == 200)
        #expect(try gateway.get("/").text == "ok")
        #expect(try gateway.metrics().value("gateway_config_generation") == 1)
    }

    @Test(arguments: ["/reload", "/rollback", "/drain"])
    func anotherSitesPageChangesNothing(_ target: String) throws {
        let gateway = try GatewayProcess(config: Self.route)
        for line in ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "Origin: null"] {
            #expect(try gateway.adminPost(target, line).status == 403, "\(line)")
        }
        let rebound = RawConnection.request(
            "POST", target, host: "evil.example:\(gateway.adminPort)", ["Content-Length: 0", "Connection: close"])
        #expect(try RawConnection(port: gateway.adminPort).exchange(rebound).status == 403)
        #expect(try gateway.get("/").text == "ok")
        #expect(gateway.child.isRunning)
    }

    @Test func aTokenIsAskedFor() throws {
        let gateway = try GatewayProcess(
            environment: ["TOKEN": "planted-token"],
            config: Self.route, adminKeys: "token: \"${TOKEN}\"")
        let refused = try gateway.adminPost("/reload")
        #expect(refused.status == 401 && refused["www-authenticate"]?.hasPrefix("Bearer") == true)
        #expect(try gateway.adminPost("/reload", "Authorization: Bearer wrong").status == 401)
        #expect(try gateway.adminPost("/reload", "Authorization: Bearer planted-token").status == 200)
        let file = ["-c", gateway.configFile]
        let command = try GatewayProcess.command(["reload"] + file, environment: ["TOKEN": "planted-token"])
        #expect(command.exitCode == 0 && command.output.contains("unchanged"), "\(command.errors)")
        let without = try GatewayProcess.command(["reload"] + file + ["--token", "x"], environment: ["TOKEN": "y"])
        #expect(without.exitCode == 1 && without.errors.contains("Unauthorized"))
        for target in ["/config", "/generations", "/events", "/metrics", "/routes", "/upstreams", "/"] {
            #expect(try !gateway.admin(target).text.contains("planted-token"), "\(target)")
        }
        #expect(!gateway.child.errors.contains("planted-token") && !gateway.child.output.contains("planted-token"))
    }

    @Test func manyConnectionsDoNotStarveTheListeners() throws {
        let gateway = try GatewayProcess(config: Self.route)
        let held = (0..<300).compactMap { _ in try? RawConnection(port: gateway.adminPort) }
        for connection in held { try? connection.send("GET /met") }
        #expect(try gateway.get("/").text == "ok")
        for connection in held { connection.socket.close() }
        try waitUntil("the admin API answers again") { (try? gateway.admin("/readyz"))?.status == 200 }
    }

    /// Out of descriptors, a reload is refused in words or works; what is served stays as it was.
    @Test func aReloadWithoutDescriptorsLosesNothing() throws {
        let top = "reload: { watch: false }\nlimits: { connections: 1000 }\n"
        let gateway = try GatewayProcess(descriptorLimit: 64, config: top + Self.route)
        let kept = try gateway.connect()
        #expect(try kept.get("/").text == "ok")
        // The connection that will ask for the reload is there before descriptors run out.
        let admin = try RawConnection(port: gateway.adminPort)
        _ = try admin.get("/readyz")
        let held = (0..<80).compactMap { _ in try? gateway.connect() }
        try waitUntil("descriptors have run out") { gateway.child.openDescriptors >= 63 }
        let port = try FreePort.take()
        try gateway.rewrite(
            listeners: "  - { name: more, address: \"127.0.0.1:\(port)\" }\n",
            top + Self.route.replacing("ok", with: "new"))
        let answer = try admin.exchange(
            RawConnection.request("POST", "/reload", host: "127.0.0.1:\(gateway.adminPort)", ["Content-Length: 0"]))
        #expect(answer.status == 422, "\(answer.text)")
        #expect(try kept.get("/").text == "ok")
        for connection in held { connection.socket.close() }
        try waitUntil("a reload works again") { (try? gateway.adminPost("/reload"))?.status == 200 }
        #expect(try kept.get("/").text == "new")
        #expect(try RawConnection(port: port).get("/").text == "new")
    }
}

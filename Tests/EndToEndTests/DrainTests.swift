import GatewayTesting
import Glibc
import Testing

@Suite struct DrainTests {
    private static let route = "routes: [{ name: all, path: \"/*\", respond: { status: 200, body: ok } }]\n"

    @Test func readinessGoesFirstAndNewConnectionsAreStillTaken() throws {
        let gateway = try GatewayProcess(workers: 2, config: "timeouts: { drain_delay: 2s }\n" + Self.route)
        let idle = try gateway.connect()
        #expect(try idle.get("/")["connection"] == nil)
        gateway.child.signal(SIGTERM)
        try waitUntil("it is not ready") { try gateway.admin("/readyz").status == 503 }
        #expect(try gateway.admin("/readyz").text.contains("draining"))
        #expect(try gateway.admin("/healthz").status == 200)
        let late = try gateway.get("/")
        #expect(late.text == "ok" && late["connection"]?.lowercased() == "close")
        // A connection that was open before is served once more, and asked to close.
        let last = try idle.get("/")
        #expect(last.text == "ok" && last["connection"]?.lowercased() == "close")
        #expect(try idle.reader.readEnd() == .closed)
        #expect(try gateway.child.wait() == 0)
    }

    @Test func theAdminAPIDrainsToo() throws {
        let gateway = try GatewayProcess(config: "timeouts: { drain_delay: 100ms }\n" + Self.route)
        let answer = try gateway.adminPost("/drain")
        #expect(answer.status == 202 && answer.text == "{\"status\":\"draining\"}\n")
        #expect(try gateway.child.wait() == 0)
    }

    @Test func requestsThatAreCutAreToldAndCounted() throws {
        let upstream = try ScriptedUpstream()
        upstream.on("/slow") { _, session in session.staySilent() }
        let gateway = try GatewayProcess(
            forwardingTo: upstream, top: "timeouts: { drain: 500ms, drain_delay: 10ms }\n")
        let connection = try gateway.connect()
        try connection.send(RawConnection.request("GET", "/slow"))
        try upstream.waitForRequests(1, to: "/slow")
        gateway.child.signal(SIGTERM)
        let answer = try connection.response()
        #expect(answer.status == 503 && answer.problemCode == "drain_timeout")
        #expect(try gateway.child.wait() == 1)
        #expect(gateway.child.errors.contains("requests in flight were cut"))
        #expect(gateway.child.output.contains("\"end_reason\":\"drain_timeout\""))
    }

    @Test func idleConnectionsDoNotHoldItUp() throws {
        let gateway = try GatewayProcess(config: "timeouts: { drain_delay: 0s }\n" + Self.route)
        let connections = try (0..<20).map { _ in try gateway.connect() }
        for connection in connections { #expect(try connection.get("/").status == 200) }
        #expect(try gateway.terminate() == 0)
        for connection in connections { #expect(try connection.reader.readEnd() == .closed) }
    }
}

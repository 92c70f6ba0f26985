import GatewayTesting
import Glibc
import Testing

/// What operators see and do: probes, metrics, signals, the ways a start can fail.
@Suite("operation", .timeLimit(.minutes(3)))
struct OperationTests {
    @Test func probes() throws {
        let gateway = try GatewayProcess(forwardingTo: try ScriptedUpstream(), workers: 2)
        #expect(try gateway.admin("/healthz").status == 200)
        #expect(try gateway.admin("/readyz").status == 200)
        #expect(try gateway.admin("/nothing").status == 404)
        let posted = try RawConnection(port: gateway.adminPort)
            .exchange("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        #expect(posted.status == 405)
    }

    @Test func metricsPassPromtool() throws {
        let gateway = try GatewayProcess(forwardingTo: try ScriptedUpstream(), workers: 2)
        let connection = try gateway.connect()
        #expect(try connection.get("/").status == 200)
        #expect(try connection.exchange("BREW / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        try connection.send("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")
        #expect(try connection.response().status == 400)
        let response = try gateway.admin("/metrics")
        #expect(response["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        let directory = try TemporaryDirectory()
        let file = try directory.write("metrics", response.text)
        let check = try ChildProcess.run("sh", ["-c", "promtool check metrics < \(file)"])
        #expect(check.exitCode == 0, "\(check.output) \(check.errors)")
        #expect(check.errors.isEmpty && check.output.isEmpty, "\(check.output) \(check.errors)")
    }

    @Test func openMetricsOnRequest() throws {
        let gateway = try GatewayProcess(forwardingTo: try ScriptedUpstream())
        let response = try gateway.admin("/metrics", "Accept: application/openmetrics-text; version=1.0.0")
        #expect(response["content-type"]?.hasPrefix("application/openmetrics-text") == true)
        #expect(response.text.hasSuffix("# EOF\n"))
    }

    @Test func countsRequests() throws {
        let upstream = try ScriptedUpstream()
        upstream.on("/teapot") { _, session in try session.respond("no", status: "418 Teapot") }
        let gateway = try GatewayProcess(forwardingTo: upstream, workers: 2)
        for _ in 0..<3 { #expect(try gateway.get("/").status == 200) }
        #expect(try gateway.get("/teapot").status == 418)
        #expect(try gateway.connect().exchange("BREW / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
        #expect(
            try gateway.connect().exchange(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + String(repeating: "x", count: 1000)
            ).status == 200)
        try waitUntil("six requests are counted") {
            try gateway.metrics().count("gateway_http_requests_total", ["route": "all"]) == 6
        }
        let metrics = try gateway.metrics()
        let requests = "gateway_http_requests_total"
        #expect(metrics.count(requests, ["method": "GET", "status": "200"]) == 3)
        #expect(metrics.count(requests, ["method": "GET", "status": "418"]) == 1)
        #expect(metrics.count(requests, ["method": "other", "status": "200"]) == 1)
        #expect(metrics.count("gateway_requests_ended_total", ["route": "all", "reason": "ok"]) == 6)
        #expect(metrics.count("gateway_http_request_duration_seconds_count", ["route": "all"]) == 6)
        #expect(metrics.count("gateway_http_request_duration_seconds_bucket", ["route": "all", "le": "+Inf"]) == 6)
        #expect(metrics.count("gateway_http_overhead_seconds_count", ["route": "all"]) == 6)
        #expect(metrics.count("gateway_http_request_bytes_total", ["route": "all"]) >= 1000)
        #expect(metrics.count("gateway_http_response_bytes_total", ["route": "all"]) >= 12)
        #expect(metrics.count("gateway_http_requests_in_flight") == 0)
        #expect(metrics.count("gateway_upstream_requests_total", ["status": "200"]) == 5)
        for name in [
            "process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_start_time_seconds",
            "gateway_build_info", "gateway_config_generation",
        ] {
            #expect((metrics.value(name) ?? 0) > 0, "\(name)")
        }
        #expect(metrics.value("process_cpu_seconds_total") != nil)
    }

    @Test func unmatchedRequestsAreRouteNone() throws {
        let gateway = try GatewayProcess(
            config: "routes:\n  - { name: one, path: \"/one\", respond: { status: 200 } }\n")
        #expect(try gateway.get("/two").status == 404)
        try waitUntil("it is counted") {
            let metrics = try gateway.metrics()
            return metrics.count("gateway_http_requests_total", ["route": "none", "status": "404"]) == 1
                && metrics.count("gateway_requests_ended_total", ["route": "none", "reason": "no_route"]) == 1
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func stopsCleanly(_ signal: Int32) throws {
        let gateway = try GatewayProcess(forwardingTo: try ScriptedUpstream(), workers: 2)
        let idle = try gateway.connect()
        #expect(try idle.get("/").status == 200)
        gateway.child.signal(signal)
        #expect(try gateway.child.wait() == 0, "\(gateway.child.errors)")
        #expect(try idle.reader.readEnd() == .closed)
    }

    @Test func finishesWhatIsUnderWay() throws {
        let upstream = try ScriptedUpstream()
        let goOn = Gate()
        upstream.on("/slow") { _, session in
            try goOn.wait()
            try session.respond("finished")
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        try connection.send(RawConnection.request("GET", "/slow"))
        try upstream.waitForRequests(1, to: "/slow")
        gateway.child.signal(SIGTERM)
        try waitUntil("it says that it drains") { (try? gateway.admin("/readyz"))?.status == 503 }
        goOn.open()
        let response = try connection.response()
        #expect(response.text == "finished")
        #expect(response["connection"]?.lowercased() == "close")
        #expect(try gateway.child.wait() == 0)
    }

    @Test func secondSignalStopsAtOnce() throws {
        let upstream = try ScriptedUpstream()
        upstream.on("/slow") { _, session in session.staySilent() }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        try connection.send(RawConnection.request("GET", "/slow"))
        try upstream.waitForRequests(1, to: "/slow")
        gateway.child.signal(SIGTERM)
        try waitUntil("it says that it drains") { (try? gateway.admin("/readyz"))?.status == 503 }
        #expect(gateway.child.isRunning)
        gateway.child.signal(SIGTERM)
        _ = try gateway.child.wait(before: .after(.seconds(10)))
    }

    @Test func drainHasAnEnd() throws {
        let upstream = try ScriptedUpstream()
        upstream.on("/slow") { _, session in session.staySilent() }
        let gateway = try GatewayProcess(forwardingTo: upstream, top: "timeouts: { drain: 500ms }\n")
        let connection = try gateway.connect()
        try connection.send(RawConnection.request("GET", "/slow"))
        try upstream.waitForRequests(1, to: "/slow")
        #expect(try gateway.terminate(before: .after(.seconds(15))) == 1)
    }

    @Test func portInUseIsACleanFailure() throws {
        let taken = try ListeningSocket()
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "gateway.yaml",
            """
            listeners: [{ name: http, address: "127.0.0.1:\(taken.port)" }]
            admin: { address: off }
            routes: [{ name: a, path: "/*", respond: { status: 200 } }]
            """)
        let result = try GatewayProcess.command(["run", "-c", file])
        #expect(result.exitCode == 3)
        #expect((result.errors + result.output).range(of: "\(taken.port)") != nil, "\(result.errors)")
    }

    @Test func badConfigurationDoesNotStart() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("gateway.yaml", "routes:\n  - { name: a, pth: \"/*\" }\n")
        let result = try GatewayProcess.command(["run", "-c", file])
        #expect(result.exitCode == 3 || result.exitCode == 1)
        #expect(result.errors.range(of: "gateway.yaml:2:") != nil, "\(result.errors)")
    }
}

import GatewayTesting
import Testing

/// The test library against a real nginx, so that a failing end-to-end test is the gateway's fault.
@Suite("the test library, with nginx between its two ends", .timeLimit(.minutes(5)))
struct ScriptedPeerTests {
    @Test func exchangesThroughNginx() throws {
        let upstream = try ScriptedUpstream()
        let nginx = try NginxProcess(
            server: "location / { proxy_pass \(upstream.url); proxy_http_version 1.1; }")
        let client = try RawConnection(port: nginx.port)
        let first = try client.get("/first", "X-Probe: 1")
        #expect(first.status == 200)
        #expect(first.text == "ok")
        let second = try client.exchange(
            RawConnection.request("POST", "/second", ["Transfer-Encoding: chunked"]), body: "3\r\nabc\r\n0\r\n\r\n")
        #expect(second.status == 200)
        #expect(upstream.requests.map(\.target) == ["/first", "/second"])
        #expect(upstream.requests[0]["x-probe"] == "1")
        #expect(upstream.requests[1].text == "abc")
    }

    @Test func readsFilesAndRefusals() throws {
        let nginx = try NginxProcess(server: "", files: ["index.html": "hello"])
        let client = try RawConnection(port: nginx.port)
        #expect(try client.get("/index.html").text == "hello")
        try client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        #expect(try client.response().status == 400)
        #expect(try client.reader.readEnd() == .closed)
    }

    @Test func tellsBrokenFromComplete() throws {
        let upstream = try ScriptedUpstream { session in
            guard let request = try session.readRequest() else { return }
            switch request.target {
            case "/short":
                try session.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
                session.close()
            case "/reset":
                try session.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
                try waitUntil("the client has read") { session.socket.isReady(for: 1, before: .after(.seconds(5))) }
                session.reset()
            case "/trailers":
                try session.send("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n")
                try session.send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\n")
            default: session.staySilent()
            }
        }
        let short = try RawConnection(port: upstream.port).get("/short")
        #expect(short.ending == .broken(.closed))
        #expect(short.text == "abc")

        let connection = try RawConnection(port: upstream.port)
        try connection.send(RawConnection.request("GET", "/reset"))
        #expect(try connection.reader.readResponseHead()?.status == 200)
        try connection.send("x")
        #expect(try connection.reader.readToEnd().end == .reset)

        let trailers = try RawConnection(port: upstream.port).get("/trailers")
        #expect(trailers.isComplete)
        #expect(trailers.text == "0123456789")
        #expect(trailers.trailers == [.init(name: "T", value: "1")])
        #expect(trailers.interim.map(\.status) == [103])
    }

    @Test func parsesMetrics() throws {
        let metrics = try MetricsSnapshot(
            parsing: """
                # HELP a_total x
                # TYPE a_total counter
                a_total{route="x",method="G\\"E\\\\T"} 3
                a_total{route="y",method="GET"} 4
                b_bucket{le="+Inf"} 7
                c +Inf
                """)
        #expect(metrics.count("a_total") == 7)
        #expect(metrics.count("a_total", ["route": "y"]) == 4)
        #expect(metrics.count("a_total", ["method": "G\"E\\T"]) == 3)
        #expect(metrics.value("c") == .infinity)
        #expect(metrics.value("d") == nil)
    }
}

import GatewayTesting
import Glibc
import Synchronization
import Testing

/// Peers that go away, floods, and running out of descriptors.
@Suite("faults", .timeLimit(.minutes(4)))
struct FaultTests {
    private func gateway(_ upstream: ScriptedUpstream, descriptorLimit: Int? = nil) throws -> GatewayProcess {
        try GatewayProcess(forwardingTo: upstream, descriptorLimit: descriptorLimit)
    }

    @Test func tenThousandConnectionsOpenedAndDropped() throws {
        let upstream = try ScriptedUpstream()
        let gateway = try gateway(upstream)
        #expect(try gateway.get("/").status == 200)
        let openBefore = gateway.child.openDescriptors
        let memoryBefore = gateway.child.residentBytes
        let starts = [
            "", "G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
        ]
        for batch in 0..<50 {
            let connections = try (0..<200).map { _ in try gateway.connect() }
            for (index, connection) in connections.enumerated() { try connection.send(starts[index % starts.count]) }
            for (index, connection) in connections.enumerated() {
                if (index + batch) % 2 == 0 { connection.socket.reset() } else { connection.socket.close() }
            }
        }
        try waitUntil("its descriptors are back: \(gateway.child.openDescriptors), before \(openBefore)") {
            gateway.child.openDescriptors <= openBefore + 64
        }
        try waitUntil("no connection is counted as open") {
            let metrics = try gateway.metrics()
            return metrics.count("gateway_connections") == 0 && metrics.count("gateway_http_requests_in_flight") == 0
        }
        #expect(gateway.child.residentBytes < memoryBefore + 48 << 20)
        #expect(try gateway.get("/").status == 200)
    }

    @Test func outOfDescriptors() throws {
        let upstream = try ScriptedUpstream()
        let gateway = try gateway(upstream, descriptorLimit: 96)
        let kept = try gateway.connect()
        #expect(try kept.get("/").status == 200)
        // The kernel completes more handshakes than the gateway has descriptors.
        let flood = try (0..<300).map { _ in try gateway.connect() }
        for round in 0..<5 {
            let response = try kept.get("/while-\(round)")
            #expect(response.status == 200, "an open connection must be served on: \(response)")
        }
        for connection in flood { connection.socket.close() }
        try waitUntil("new connections are served again") { (try? gateway.get("/after"))?.status == 200 }
        try waitUntil("the admin API answers") { (try? gateway.admin("/healthz"))?.status == 200 }
        for _ in 0..<20 { #expect(try gateway.get("/after").status == 200) }
    }

    @Test(arguments: [true, false])
    func clientGoneInItsBody(byReset: Bool) throws {
        let upstream = try ScriptedUpstream()
        let gateway = try gateway(upstream)
        let connection = try gateway.connect()
        try connection.send("POST /gone HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc")
        if byReset { connection.socket.reset() } else { connection.socket.close() }
        try gateway.waitForEnd("client_gone", moreThan: 0)
        // The upstream must not take the part for the whole.
        try waitUntil("nothing is open at the upstream") {
            try gateway.metrics().count("gateway_upstream_connections", ["state": "active"]) == 0
        }
        #expect(upstream.requests(to: "/gone").allSatisfy { !$0.isComplete })
        #expect(try gateway.get("/").status == 200)
    }

    @Test func clientGoneBeforeTheAnswer() throws {
        let isCut = Gate()
        let upstream = try ScriptedUpstream()
        upstream.on("/gone") { _, session in
            session.staySilent()
            isCut.open()
        }
        let gateway = try gateway(upstream)
        let connection = try gateway.connect()
        try connection.send(RawConnection.request("GET", "/gone"))
        try upstream.waitForRequests(1, to: "/gone")
        connection.socket.reset()
        try isCut.wait("the request is taken back from the upstream")
        try gateway.waitForEnd("client_gone", moreThan: 0)
        #expect(try gateway.get("/").status == 200)
    }

    @Test func clientGoneInTheResponse() throws {
        let isCut = Gate()
        let upstream = try ScriptedUpstream()
        upstream.on("/gone") { _, session in
            defer { isCut.open() }
            try session.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
            let block = [UInt8](repeating: 0x61, count: 1 << 16)
            while true { try session.send(block) }
        }
        let gateway = try gateway(upstream)
        let connection = try gateway.connect()
        try connection.send(RawConnection.request("GET", "/gone"))
        #expect(try connection.reader.readExactly(100_000).count == 100_000)
        connection.socket.reset()
        try isCut.wait("the upstream is cut off")
        try gateway.waitForEnd("client_gone", moreThan: 0)
        #expect(try gateway.get("/").status == 200)
    }

    @Test func halfClosedClientGetsItsAnswer() throws {
        let upstream = try ScriptedUpstream()
        let gateway = try gateway(upstream)
        let connection = try gateway.connect()
        try connection.send(RawConnection.request("GET", "/half"))
        connection.socket.finishSending()
        #expect(try connection.response().status == 200)
        _ = try connection.reader.readEnd()
    }

    @Test func upstreamGoesAndComesBack() throws {
        let port = try FreePort.take()
        let first = try ScriptedUpstream(port: port) { _, session in
            try session.respond("first", fields: ["Connection: close"])
            session.close()
        }
        let gateway = try gateway(first)
        let connection = try gateway.connect()
        #expect(try connection.get("/").text == "first")
        first.stopListening()
        let refused = try connection.get("/")
        #expect(refused.status == 502)
        #expect(refused.problemCode == "upstream_connect")
        let second = try ScriptedUpstream(port: port) { _, session in try session.respond("second") }
        #expect(try connection.get("/").text == "second")
        #expect(second.requests.count == 1)
    }

    /// Random bytes, seeded by the row's number, to the gateway and from an upstream to it: it lives and serves on.
    @Test(arguments: 0..<20)
    func survivesNoise(seed: Int) throws {
        let fixture = try Self.noise.get()
        var generator = SplitMix(state: UInt64(seed))
        for _ in 0..<10 {
            let connection = try fixture.gateway.connect()
            try? connection.send(Self.mutatedRequest(using: &generator))
            connection.socket.finishSending()
            _ = try connection.reader.readToEnd()
        }
        let response = try fixture.gateway.get("/noise?\(seed)")
        #expect(response.status == 502 || response.status == 200)
        #expect(try fixture.gateway.get("/").status == 200)
    }

    struct Noise: Sendable {
        var upstream: ScriptedUpstream
        var gateway: GatewayProcess
    }

    static let noise = Result {
        let upstream = try ScriptedUpstream()
        upstream.on("/noise") { request, session in
            var generator = SplitMix(state: UInt64(request.target.utf8.count) + UInt64(request.raw.count))
            let whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            try session.send(mutate(Array(whole.utf8), using: &generator))
            session.close()
        }
        let gateway = try GatewayProcess(forwardingTo: upstream, workers: 2)
        return Noise(upstream: upstream, gateway: gateway)
    }

    private static func mutatedRequest(using generator: inout SplitMix) -> [UInt8] {
        let whole =
            "POST /a?b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            + "X: y\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: u\r\n\r\n"
        return mutate(Array(whole.utf8), using: &generator)
    }

    private static func mutate(_ bytes: [UInt8], using generator: inout SplitMix) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
            default: if bytes.count > 1 { bytes.remove(at: index) }
            }
        }
        return bytes
    }

    /// SplitMix64: small, and the same everywhere.
    struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}

import Foundation
import GatewayTesting
import Glibc
import Synchronization
import Testing

/// Bodies pass through without piling up, in both directions.
@Suite("streaming", .serialized, .timeLimit(.minutes(10)))
struct StreamingTests {
    enum Framing: String, Sendable, CaseIterable { case length, chunked }

    /// 64 MiB, more than all socket buffers on the way together; `HEAVY=1` makes it 2 GiB.
    static let byteCount = ProcessInfo.processInfo.environment["HEAVY"] == "1" ? 2 << 30 : 64 << 20
    static let block = (0..<(1 << 16)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    /// What the gateway may grow by while such a body waits inside it: its buffers, and room for the allocator.
    static let growthMax = 16 << 20

    /// A body under way: how much its sender could hand to the kernel, and whether it got stuck at some time.
    final class Progress: Sendable {
        private let sent = Mutex((bytes: 0, isStalled: false))

        var isStalled: Bool { sent.withLock { $0.isStalled } }
        var bytes: Int { sent.withLock { $0.bytes } }

        /// Sends `total` bytes of the pattern; a pause of half a second without any room is noted as a stall.
        func send(_ total: Int, _ framing: Framing, on socket: StreamSocket) throws {
            var left = total
            while left > 0 {
                let count = min(left, StreamingTests.block.count)
                let bytes = Array(StreamingTests.block.prefix(count))
                if framing == .chunked { try push(Array((String(count, radix: 16) + "\r\n").utf8), on: socket) }
                try push(bytes, on: socket)
                if framing == .chunked { try push([13, 10], on: socket) }
                left -= count
                sent.withLock { $0.bytes += count }
            }
            if framing == .chunked { try push(Array("0\r\n\r\n".utf8), on: socket) }
        }

        private func push(_ bytes: [UInt8], on socket: StreamSocket) throws {
            var start = 0
            let limit = Deadline.after(.seconds(120))
            while start < bytes.count {
                let count = try socket.sendSome(bytes, from: start)
                start += count
                if count == 0, !socket.isReady(for: Int16(POLLOUT), before: .after(.milliseconds(500))) {
                    sent.withLock { $0.isStalled = true }
                    guard !limit.isPast else { throw TestingFailure("no room to send for two minutes") }
                }
            }
        }
    }

    /// Reads `total` bytes of a body and compares them with the pattern.
    static func receive(_ total: Int, _ framing: Framing, from reader: MessageReader) throws -> Bool {
        let deadline = Deadline.after(.seconds(framing == .chunked ? 200 : 120))
        var offset = 0
        while offset < total {
            var left = total - offset
            if framing == .chunked {
                left = try reader.readChunkSize(before: deadline)
                guard left > 0, left <= total - offset else { return false }
            }
            while left > 0 {
                let start = offset % block.count
                guard let bytes = try reader.readBytes(upTo: min(left, block.count - start), before: deadline) else {
                    return false
                }
                guard isPattern(bytes, from: start) else { return false }
                offset += bytes.count
                left -= bytes.count
            }
            if framing == .chunked { guard try reader.readExactly(2) == [13, 10] else { return false } }
        }
        return try framing == .length || reader.readChunkSize(before: deadline) == 0
    }

    /// Whether `bytes` are those of the block from `start` on. By `memcmp`: a debug build takes minutes by elements.
    private static func isPattern(_ bytes: [UInt8], from start: Int) -> Bool {
        unsafe bytes.withUnsafeBytes { received in
            unsafe block.withUnsafeBytes { expected in
                guard let left = received.baseAddress, let right = expected.baseAddress else { return bytes.isEmpty }
                return unsafe memcmp(left, right + start, bytes.count) == 0
            }
        }
    }

    private static func fields(_ framing: Framing) -> String {
        framing == .length ? "Content-Length: \(byteCount)\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n"
    }

    @Test(arguments: Framing.allCases)
    func downloadThroughASlowReader(_ framing: Framing) throws {
        let progress = Progress()
        let upstream = try ScriptedUpstream { _, session in
            try session.send("HTTP/1.1 200 OK\r\n" + Self.fields(framing))
            try progress.send(Self.byteCount, framing, on: session.socket)
        }
        let gateway = try GatewayProcess(forwardingTo: upstream, top: "timeouts: { request: 300s }\n")
        let before = gateway.child.residentBytes
        let connection = try gateway.connect(receiveBuffer: 64 << 10)
        try connection.send(RawConnection.request("GET", "/"))
        #expect(try connection.reader.readResponseHead()?.status == 200)
        try waitUntil("the upstream is held back", before: .after(.seconds(60))) { progress.isStalled }
        #expect(progress.bytes < Self.byteCount, "the gateway took everything in")
        #expect(gateway.child.residentBytes < before + Self.growthMax)
        #expect(
            try Self.receive(Self.byteCount, framing, from: connection.reader),
            "the body arrived changed or short")
        #expect(gateway.child.residentBytes < before + Self.growthMax)
    }

    @Test(arguments: Framing.allCases)
    func uploadToASlowUpstream(_ framing: Framing) throws {
        let isIntact = Mutex(false)
        let goOn = Gate()
        let upstream = try ScriptedUpstream { session in
            guard try session.readRequestHead() != nil else { return }
            try goOn.wait("permission to read", before: .after(.seconds(60)))
            let intact = try Self.receive(Self.byteCount, framing, from: session.reader)
            isIntact.withLock { $0 = intact }
            try session.respond("taken")
        }
        let gateway = try GatewayProcess(
            forwardingTo: upstream, top: "timeouts: { request: 300s }\nlimits: { body: 4GiB }\n")
        let before = gateway.child.residentBytes
        let connection = try gateway.connect()
        let progress = Progress()
        try connection.send("PUT / HTTP/1.1\r\nHost: a\r\n" + Self.fields(framing))
        let socket = connection.socket
        Thread.detachNewThread { try? progress.send(Self.byteCount, framing, on: socket) }
        try waitUntil("the client is held back", before: .after(.seconds(60))) { progress.isStalled }
        #expect(progress.bytes < Self.byteCount, "the gateway took everything in")
        #expect(gateway.child.residentBytes < before + Self.growthMax)
        goOn.open()
        #expect(try connection.response(before: .after(.seconds(240))).text == "taken")
        #expect(isIntact.withLock { $0 }, "the body arrived changed or short")
        #expect(gateway.child.residentBytes < before + Self.growthMax)
    }

    @Test func eventsArriveOneByOne() throws {
        let arrived = Atomic(0)
        let upstream = try ScriptedUpstream { _, session in
            try session.send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for number in 1...5 {
                try session.send("9\r\ndata: \(number)\n\n\r\n")
                // The next is not sent before the client has this one: whoever buffers, never ends.
                try waitUntil("event \(number) at the client") { arrived.load(ordering: .acquiring) >= number }
            }
            try session.send("0\r\n\r\n")
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        try connection.send(RawConnection.request("GET", "/events", ["Accept: text/event-stream"]))
        #expect(try connection.reader.readResponseHead()?["content-type"] == "text/event-stream")
        for number in 1...5 {
            let size = try connection.reader.readChunkSize(before: .usual)
            #expect(try connection.reader.readExactly(size) == Array("data: \(number)\n\n".utf8))
            #expect(try connection.reader.readExactly(2) == [13, 10])
            arrived.store(number, ordering: .releasing)
        }
        #expect(try connection.reader.readChunkSize(before: .usual) == 0)
    }

    @Test func uploadArrivesPieceByPiece() throws {
        let arrived = Atomic(0)
        let upstream = try ScriptedUpstream { session in
            guard try session.readRequestHead() != nil else { return }
            for number in 1...5 {
                let size = try session.reader.readChunkSize(before: .usual)
                _ = try session.reader.readExactly(size + 2)
                arrived.store(number, ordering: .releasing)
            }
            _ = try session.reader.readExactly(5)
            try session.respond("all")
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        try connection.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in 1...5 {
            try connection.send("3\r\nabc\r\n")
            try waitUntil("piece \(number) at the upstream") { arrived.load(ordering: .acquiring) >= number }
        }
        try connection.send("0\r\n\r\n")
        #expect(try connection.response().text == "all")
    }

    @Test func pipelinedAnswersKeepTheirOrder() throws {
        let upstream = try ScriptedUpstream { request, session in
            // Earlier ones take longer.
            let number = Int(request.target.dropFirst(3)) ?? 0
            usleep(UInt32(20 - number) * 1000)
            try session.respond(request.target)
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        try connection.send((0..<20).map { RawConnection.request("GET", "/p/\($0)") }.joined())
        for number in 0..<20 { #expect(try connection.response().text == "/p/\(number)") }
    }

    @Test func upstreamConnectionsAreUsedAgain() throws {
        let upstream = try ScriptedUpstream()
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        for _ in 0..<30 { #expect(try connection.get("/").status == 200) }
        for _ in 0..<30 { #expect(try gateway.get("/").status == 200) }
        #expect(upstream.requests.count == 60)
        #expect(upstream.connectionCount == 1)
    }

    struct Dead: Sendable, CustomTestStringConvertible {
        var method: String
        var body: String
        var isSentAgain: Bool
        var testDescription: String { "\(method), \(isSentAgain ? "sent again" : "given up")" }
    }

    /// The upstream answers the first request on a connection and resets at the second, as one does that is restarted.
    @Test(arguments: [
        Dead(method: "GET", body: "", isSentAgain: true), Dead(method: "HEAD", body: "", isSentAgain: true),
        Dead(method: "POST", body: "abc", isSentAgain: false), Dead(method: "PATCH", body: "abc", isSentAgain: false),
    ])
    func deadPooledConnection(_ row: Dead) throws {
        let upstream = try ScriptedUpstream { session in
            guard try session.readRequest() != nil else { return }
            try session.respond("")
            guard try session.readRequest() != nil else { return }
            session.reset()
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        #expect(try connection.get("/first").status == 200)
        let length = row.body.isEmpty ? [] : ["Content-Length: \(row.body.utf8.count)"]
        let response = try connection.exchange(RawConnection.request(row.method, "/second", length), body: row.body)
        #expect(response.status == (row.isSentAgain ? 200 : 502))
        #expect(response.problemCode == (row.isSentAgain ? nil : "upstream_reset"))
        #expect(upstream.requests(to: "/second").count == (row.isSentAgain ? 2 : 1))
        let retries = try gateway.metrics().count("gateway_upstream_retries_total")
        #expect(retries == (row.isSentAgain ? 1 : 0))
    }

    @Test func requestIsSentAgainOnceAtMost() throws {
        let upstream = try ScriptedUpstream { session in
            guard let request = try session.readRequest() else { return }
            guard request.target == "/first" else { return session.reset() }
            try session.respond("")
            guard try session.readRequest() != nil else { return }
            session.reset()
        }
        let gateway = try GatewayProcess(forwardingTo: upstream)
        let connection = try gateway.connect()
        #expect(try connection.get("/first").status == 200)
        let response = try connection.get("/second")
        #expect(response.status == 502)
        #expect(response.problemCode == "upstream_reset")
        #expect(upstream.requests(to: "/second").count == 2)
    }
}

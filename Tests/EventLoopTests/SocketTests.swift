import Bytes
import CLinux
import Glibc
import Testing

@testable import EventLoop

@Suite struct SocketTests {
    static let hosts: [String] = ["127.0.0.1:0", "[::1]:0"]

    private func address(_ text: String) throws -> SocketAddress { try #require(SocketAddress(parsing: text)) }

    @Test(arguments: hosts) func carriesBytesBothWays(_ host: String) throws {
        let pair = try LoopbackPair(try address(host))
        defer { pair.close() }
        let question = Array("question".utf8)
        #expect(pair.client.send(question.span) == .transferred(8))
        #expect(try receive(8, from: pair.server).bytes == question)
        let (head, body) = (Array("head ".utf8), Array("body".utf8))
        #expect(pair.server.send(head.span, body.span) == .transferred(9))
        #expect(try receive(9, from: pair.client).bytes == head + body)
    }

    @Test func readsNoMoreThanAskedFor() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let bytes = Array("0123456789".utf8)
        #expect(pair.client.send(bytes.span) == .transferred(10))
        _ = try awaitReadiness(of: pair.server, .read)
        let buffer = ByteBuffer(capacity: 64)
        #expect(pair.server.receive(into: buffer, atMost: 4) == .transferred(4))
        #expect(pair.server.receive(into: buffer, atMost: 2) == .transferred(2))
        #expect(buffer.readableCount == 6)
        let small = ByteBuffer(capacity: 3)
        #expect(pair.server.receive(into: small) == .transferred(3) && small.writableCount == 0)
    }

    @Test func tellsSilenceFromAnEnd() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let buffer = ByteBuffer(capacity: 8)
        #expect(pair.server.receive(into: buffer) == .wouldBlock)
        pair.client.shutdownWrite()
        let readiness = try awaitReadiness(of: pair.server, .read)
        #expect(readiness.contains(.peerEnded) && !readiness.contains(.hungUp))
        #expect(pair.server.receive(into: buffer) == .ended)
        // The other direction is still open.
        #expect(pair.server.send(Array("late".utf8).span) == .transferred(4))
        #expect(try receive(4, from: pair.client).bytes == Array("late".utf8))
    }

    @Test func abortIsSeenAsAReset() throws {
        let pair = try LoopbackPair()
        pair.client.abort()
        _ = try awaitReadiness(of: pair.server, .read)
        #expect(pair.server.receive(into: ByteBuffer(capacity: 8)) == .failed(ECONNRESET))
        pair.server.close()
    }

    @Test func closeIsSeenAsAnEnd() throws {
        let pair = try LoopbackPair()
        pair.client.close()
        _ = try awaitReadiness(of: pair.server, .read)
        #expect(pair.server.receive(into: ByteBuffer(capacity: 8)) == .ended)
        pair.server.close()
    }

    /// Were it a signal, the test process would be gone.
    @Test func sendingToAClosedPeerIsAnErrorCode() throws {
        let pair = try LoopbackPair()
        defer { pair.server.close() }
        pair.client.abort()
        _ = try awaitReadiness(of: pair.server, .read)
        _ = pair.server.receive(into: ByteBuffer(capacity: 8))
        let bytes = [UInt8](repeating: 1, count: 100)
        #expect(pair.server.send(bytes.span) == .failed(EPIPE))
        #expect(pair.server.send(bytes.span, bytes.span) == .failed(EPIPE))
    }

    @Test func aFullKernelTakesAPartAndThenNothing() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let first = [UInt8](repeating: 1, count: 100_000)
        let second = [UInt8](repeating: 2, count: 4 << 20)
        var sent: [Int] = []
        sending: while true {
            switch pair.client.send(first.span, second.span) {
            case .transferred(let count): sent.append(count)
            case .wouldBlock: break sending
            case .ended, .failed:
                Issue.record("the connection broke")
                break sending
            }
        }
        #expect(!sent.isEmpty && sent.allSatisfy { $0 > 0 && $0 <= first.count + second.count })
        #expect((sent.last ?? 0) < first.count + second.count)
        #expect(try receive(100_001, from: pair.server).bytes == first + [2])
    }

    @Test func aRefusedConnectIsTold() throws {
        let listener = try Listener.bind(.ip(.loopback, port: 0))
        let port = UInt16(listener.localPort)
        listener.close()
        do {
            let (socket, isConnected) = try Socket.connect(to: .ip(.loopback, port: port))
            defer { socket.close() }
            #expect(!isConnected)
            #expect(try awaitReadiness(of: socket, [.read, .write]).contains(.failed))
            #expect(socket.pendingError == ECONNREFUSED)
        } catch let error as SystemError {
            // Loopback may refuse before `connect` returns.
            #expect(error.code == ECONNREFUSED)
        }
    }

    @Test func aFinishedConnectHasNoError() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        #expect(pair.client.pendingError == 0)
    }

    @Test func connectingToNoSocketFileFails() {
        #expect(throws: SystemError(code: ENOENT, call: "connect")) {
            try Socket.connect(to: .unix("/nonexistent/gateway.sock"))
        }
    }

    @Test func aPathTooLongForTheKernelIsRefused() {
        let path = "/" + String(repeating: "x", count: SocketAddress.unixPathBytesMax)
        #expect(throws: SystemError(code: ENAMETOOLONG, call: "connect")) { try Socket.connect(to: .unix(path)) }
        #expect(throws: SystemError(code: ENAMETOOLONG, call: "bind")) { try Listener.bind(.unix(path)) }
    }

    static let addresses = [
        "0.0.0.0", "127.0.0.1", "255.254.253.252", "10.1.2.3", "::", "::1", "2001:db8::8a2e:370:7334",
        "1:2:3:4:5:6:7:8", "fe80::ffff:0:0",
    ]

    @Test(arguments: addresses) func addressesSurviveTheKernelsForm(_ text: String) throws {
        let ip = try #require(IPAddress(text))
        let raw = gwlinux_address(ip, port: 8080)
        #expect(raw.ip == ip && raw.port == 8080 && raw.family == (ip.isIPv4 ? 4 : 6))
    }

    @Test func anAddressOfNoFamilyIsNone() {
        var raw = gwlinux_address()
        #expect(raw.ip == nil)
        raw.family = 1
        #expect(raw.ip == nil)
    }
}

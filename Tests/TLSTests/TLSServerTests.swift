import Bytes
import EventLoop
import Foundation
import GatewayTesting
import Testing

@testable import TLS

@Suite struct TLSServerTests {
    private func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: try TestCertificates.shared.get().path(name))))
    }

    private func identity(_ cert: String, _ key: String) throws -> TLSServer.Identity {
        TLSServer.Identity(chain: try bytes(cert), key: try bytes(key))
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var cert: String
        var key: String
        var problem: String
        var isOfKey = false
        var testDescription: String { "\(cert) with \(key)" }
    }

    @Test(arguments: [
        Row(cert: "server.key", key: "server.key", problem: "it holds no certificate"),
        Row(cert: "make.sh", key: "server.key", problem: "it holds no certificate"),
        Row(cert: "half.crt", key: "server.key", problem: "it holds no certificate"),
        Row(cert: "server.crt", key: "server.crt", problem: "it holds no private key", isOfKey: true),
        Row(cert: "server.crt", key: "other.key", problem: "the key is not that of the certificate", isOfKey: true),
        Row(cert: "other.crt", key: "locked.key", problem: "one with a passphrase", isOfKey: true),
    ])
    func refuses(_ row: Row) throws {
        let good = try identity("server.crt", "server.key")
        let bad = try identity(row.cert, row.key)
        do {
            _ = try TLSServer([good, bad], minVersion: .tls12)
            Issue.record("it was accepted")
        } catch {
            #expect(error.identity == 1)
            #expect(error.problem.message.contains(row.problem), "\(error.problem)")
            #expect(error.problem.isOfKey == row.isOfKey)
        }
    }

    @Test func refusesAuthoritiesThatAreNone() throws {
        let good = try identity("server.crt", "server.key")
        let failure = #expect(throws: TLSServer.Failure.self) {
            _ = try TLSServer([good], minVersion: .tls12, clients: .require(authorities: Array("x".utf8)))
        }
        #expect(failure?.identity == nil)
    }

    @Test func describesCertificates() throws {
        let certificate = try TLSCertificate(pem: bytes("client.crt"))
        #expect(certificate.subject == #"O=Ex\, Inc,CN=ada"#)
        #expect(certificate.names == "URI:spiffe://ex/ada")
        #expect(certificate.fingerprint.count == 64)
        #expect(certificate.notAfter - certificate.notBefore == 30 * 86_400)
        #expect(try TLSCertificate(pem: bytes("server.crt")).names.contains("IP:127.0.0.1"))
        #expect(throws: TLSProblem.self) { _ = try TLSCertificate(pem: []) }
    }

    /// Both ends of a connection within one thread.
    private final class Pair {
        let server: TLSSession
        let client: TLSSession
        let sockets: (Socket, Socket)

        init(_ server: TLSServer, _ client: TLSClient, name: String?, memory: TLSMemory? = nil) throws {
            sockets = try Socket.pair()
            self.server = try #require(server.accept(descriptor: sockets.0.descriptor))
            self.client = try #require(
                client.connect(descriptor: sockets.1.descriptor, name: name, isAddress: false, memory: memory))
        }

        deinit {
            sockets.0.close()
            sockets.1.close()
        }

        /// How each side ended.
        func shakeHands() -> (server: TLSSession.Handshake, client: TLSSession.Handshake) {
            var ends = (server: TLSSession.Handshake.wantsRead, client: TLSSession.Handshake.wantsRead)
            for _ in 0..<10 {
                if ends.client != .done, ends.client != .failed { ends.client = client.handshake() }
                if ends.server != .done, ends.server != .failed { ends.server = server.handshake() }
            }
            return ends
        }

        /// Sends from one side, and what the other side got.
        func pass(_ text: String, from: TLSSession, to: TLSSession) -> String {
            let bytes = Array(text.utf8)
            guard from.send(bytes.span) == .transferred(bytes.count) else { return "not sent" }
            let buffer = ByteBuffer(capacity: 65_536)
            guard case .transferred = to.receive(into: buffer, atMost: .max) else { return "not received" }
            return String(decoding: Array(copying: buffer.readable), as: UTF8.self)
        }
    }

    @Test func speaksToAClientThatChecksIt() throws {
        let server = try TLSServer([identity("server.crt", "server.key")], minVersion: .tls12)
        let client = try TLSClient(verifies: true, authorities: bytes("ca.crt"))
        let pair = try Pair(server, client, name: "x.w.example")
        #expect(pair.shakeHands() == (.done, .done))
        #expect(pair.server.version == "TLSv1.3")
        #expect(pair.server.askedName == "x.w.example")
        #expect(pair.pass("hello", from: pair.client, to: pair.server) == "hello")
        #expect(pair.pass(String(repeating: "y", count: 40_000), from: pair.server, to: pair.client).count == 40_000)
        pair.client.closeNotify()
        #expect(pair.server.receive(into: ByteBuffer(capacity: 16), atMost: .max) == .ended)
    }

    struct Check: Sendable, CustomTestStringConvertible {
        var name: String?
        var authority = "ca.crt"
        var verifies = true
        var isFine: Bool
        var testDescription: String { "\(name ?? "no name") by \(authority)" }
    }

    @Test(arguments: [
        Check(name: "a.example", isFine: true), Check(name: "A.EXAMPLE", isFine: true),
        Check(name: "w.example", isFine: false), Check(name: "x.y.w.example", isFine: false),
        Check(name: "c.example", isFine: false), Check(name: "a.example", authority: "clients.crt", isFine: false),
        Check(name: "c.example", authority: "clients.crt", verifies: false, isFine: true),
    ])
    func clientsCheckNamesAndAuthorities(_ row: Check) throws {
        let server = try TLSServer([identity("server.crt", "server.key")], minVersion: .tls12)
        let client = try TLSClient(verifies: row.verifies, authorities: bytes(row.authority))
        let pair = try Pair(server, client, name: row.name)
        let ends = pair.shakeHands()
        #expect((ends.client == .done) == row.isFine)
        if !row.isFine { #expect(!pair.client.reason.isEmpty) }
    }

    @Test func choosesByNameAndKindOfKey() throws {
        let identities = try ["server", "double", "other"].map { try identity("\($0).crt", "\($0).key") }
        let server = try TLSServer(identities, minVersion: .tls12)
        let client = try TLSClient(verifies: true, authorities: bytes("ca.crt"))
        for name in ["a.example", "b.example", "B.Example", "q.w.example"] {
            #expect(try Pair(server, client, name: name).shakeHands() == (.done, .done), "\(name)")
        }
    }

    @Test func sessionsAreTakenUp() throws {
        let server = try TLSServer([identity("server.crt", "server.key")], minVersion: .tls12)
        let client = try TLSClient(verifies: true, authorities: bytes("ca.crt"))
        let memory = TLSMemory()
        for round in 0..<3 {
            if round == 2 { TLSServer.rotateTickets() }
            // Another server of the process opens the tickets of the first.
            let server = round == 0 ? server : try TLSServer([identity("server.crt", "server.key")], minVersion: .tls12)
            let pair = try Pair(server, client, name: "a.example", memory: memory)
            #expect(pair.shakeHands() == (.done, .done))
            #expect(pair.server.isResumed == (round > 0), "round \(round)")
            // The client takes tickets while it reads.
            #expect(pair.pass("x", from: pair.server, to: pair.client) == "x")
        }
    }

    @Test func asksClientsForCertificates() throws {
        let server = try TLSServer(
            [identity("server.crt", "server.key")], minVersion: .tls13,
            clients: .require(authorities: bytes("clients.crt")))
        let authorities = try bytes("ca.crt")
        for (name, isFine) in [("client", true), ("other", false), ("", false)] {
            let own = name.isEmpty ? nil : try identity("\(name).crt", "\(name).key")
            let client = try TLSClient(verifies: true, authorities: authorities, identity: own)
            let pair = try Pair(server, client, name: "a.example")
            let ends = pair.shakeHands()
            #expect((ends.server == .done) == isFine, "\(name)")
            #expect(pair.server.peerCertificate?.subject == (isFine ? #"O=Ex\, Inc,CN=ada"# : nil))
        }
    }

    @Test func garbageFails() throws {
        let server = try TLSServer([identity("server.crt", "server.key")], minVersion: .tls12)
        var random = SeededRandom(seed: 7)
        for round in 0..<200 {
            let sockets = try Socket.pair()
            defer {
                sockets.0.close()
                sockets.1.close()
            }
            let session = try #require(server.accept(descriptor: sockets.0.descriptor))
            var bytes = (0..<Int.random(in: 1...400, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // The start of a record, often.
            if round % 2 == 0 { bytes = [0x16, 0x03, 0x01, 0, UInt8(min(bytes.count, 255))] + bytes }
            _ = sockets.1.send(bytes.span)
            sockets.1.shutdownWrite()
            var end = session.handshake()
            for _ in 0..<4 where end == .wantsRead || end == .wantsWrite { end = session.handshake() }
            #expect(end == .failed || end == .plainHTTP)
            #expect(session.receive(into: ByteBuffer(capacity: 16), atMost: .max) != .wouldBlock)
        }
    }
}

import Bytes
import HTTP
import Testing

@testable import DataPlane

@Suite struct ClientAddressTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var peer: String? = "10.0.0.1"
        /// Values of X-Forwarded-For lines, in order.
        var forwarded: [String]
        var client: String
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "no header", forwarded: [], client: "10.0.0.1"),
        Row(name: "one untrusted", forwarded: ["203.0.113.7"], client: "203.0.113.7"),
        Row(name: "a chain of trusted proxies", forwarded: ["203.0.113.7, 10.0.0.3, 10.0.0.2"], client: "203.0.113.7"),
        Row(name: "everything trusted", forwarded: ["10.0.0.9, 10.0.0.8"], client: "10.0.0.9"),
        Row(name: "a spoofed left part", forwarded: ["1.2.3.4, 203.0.113.7, 10.0.0.2"], client: "203.0.113.7"),
        Row(name: "a spoofed trusted address", forwarded: ["10.0.0.5, 203.0.113.7"], client: "203.0.113.7"),
        Row(name: "garbage ends the walk", forwarded: ["1.2.3.4, unknown, 10.0.0.2"], client: "10.0.0.2"),
        Row(name: "garbage at the right end", forwarded: ["1.2.3.4, nonsense"], client: "10.0.0.1"),
        Row(name: "an obfuscated identifier", forwarded: ["_hidden"], client: "10.0.0.1"),
        Row(name: "an empty item ends the walk", forwarded: ["1.2.3.4,,10.0.0.2"], client: "10.0.0.2"),
        Row(name: "a port is no address", forwarded: ["203.0.113.7:1234"], client: "10.0.0.1"),
        Row(name: "an empty value", forwarded: [""], client: "10.0.0.1"),
        Row(name: "no spaces", forwarded: ["203.0.113.7,10.0.0.2"], client: "203.0.113.7"),
        Row(name: "tabs and spaces", forwarded: [" \t203.0.113.7 \t,\t 10.0.0.2 "], client: "203.0.113.7"),
        Row(name: "lines join from the right", forwarded: ["203.0.113.7", "10.0.0.2"], client: "203.0.113.7"),
        Row(
            name: "the last line alone decides", forwarded: ["1.2.3.4", "203.0.113.7, 10.0.0.2"],
            client: "203.0.113.7"),
        Row(
            name: "garbage in the last line ends the walk", forwarded: ["203.0.113.7", "10.0.0.3, what, 10.0.0.2"],
            client: "10.0.0.2"),
        Row(name: "IPv6", forwarded: ["2001:db8::1, fd00::2"], client: "2001:db8::1"),
        Row(name: "IPv6 peer", peer: "fd00::1", forwarded: ["2001:db8::1"], client: "2001:db8::1"),
        Row(name: "mapped IPv4 is IPv4", forwarded: ["203.0.113.7, ::ffff:10.0.0.2"], client: "203.0.113.7"),
        Row(name: "unix peer", peer: nil, forwarded: ["203.0.113.7, 10.0.0.2"], client: "203.0.113.7"),
        Row(name: "unix peer without header", peer: nil, forwarded: [], client: "127.0.0.1"),
    ]

    private func parse(_ text: String) throws -> (head: RequestHead, bytes: [UInt8]) {
        let bytes = Array(text.utf8)
        var parser = RequestParser(limits: RequestLimits())
        var head = RequestHead()
        try #require(try parser.parse(bytes.span, into: &head))
        return (head, bytes)
    }

    @Test(arguments: rows) func resolves(_ row: Row) throws {
        var fixture = SnapshotFixture()
        fixture.trustedProxies = ["10.0.0.0/8", "fd00::/8"]
        let snapshot = try fixture.snapshot()
        let lines = row.forwarded.map { "X-Forwarded-For: \($0)\r\n" }.joined()
        let (head, bytes) = try parse("GET / HTTP/1.1\r\nHost: a\r\n\(lines)X-Other: 9.9.9.9\r\n\r\n")
        let peer = row.peer.flatMap { IPAddress($0) }
        #expect(row.peer == nil || snapshot.trusts(peer))
        #expect(ClientAddress.resolve(peer: peer, head, bytes.span, snapshot) == IPAddress(row.client))
    }

    @Test func trustIsGivenByConfigurationAlone() throws {
        var fixture = SnapshotFixture()
        let open = try fixture.snapshot()
        #expect(!open.trusts(.loopback) && !open.trusts(nil))
        fixture.trustedProxies = ["10.0.0.0/8"]
        let closed = try fixture.snapshot()
        #expect(closed.trusts(IPAddress("10.255.0.1")) && !closed.trusts(IPAddress("11.0.0.1")))
        // A unix socket is guarded by file permissions.
        #expect(closed.trusts(nil))
    }
}

import Bytes
import CLinux
import GatewayTesting
import Glibc
import Testing

@testable import EventLoop

@Suite struct ListenerTests {
    @Test(arguments: ["127.0.0.1", "::1"]) func tellsWhoConnected(_ host: String) throws {
        let ip = try #require(IPAddress(host))
        let listener = try Listener.bind(.ip(ip, port: 0))
        defer { listener.close() }
        #expect(listener.localPort > 0 && !listener.isShared && listener.interest == .accept)
        let pair = try LoopbackPair(to: listener)
        #expect(pair.peer == ip)
        pair.close()
    }

    @Test func theIPv6WildcardTakesIPv4AsIPv4() throws {
        let listener = try Listener.bind(.ip(IPAddress(ipv6High: 0, low: 0), port: 0))
        defer { listener.close() }
        let pair = try LoopbackPair(to: listener, at: .loopback)
        #expect(pair.peer == .loopback)
        #expect(pair.peer?.isIPv4 == true)
        pair.close()
    }

    @Test func anEmptyQueueIsNone() throws {
        let listener = try Listener.bind(.ip(.loopback, port: 0))
        defer { listener.close() }
        guard case .none = listener.accept() else {
            Issue.record("accepted from an empty queue")
            return
        }
    }

    /// One listener per worker on the same port.
    @Test func workersShareAPort() throws {
        let first = try Listener.bind(.ip(.loopback, port: 0))
        defer { first.close() }
        let second = try Listener.bind(.ip(.loopback, port: UInt16(first.localPort)))
        defer { second.close() }
        #expect(first.localPort == second.localPort && first.descriptor != second.descriptor)
    }

    @Test func aPortInUseIsAnErrorWithItsCause() throws {
        // The port of an outgoing connection is taken, and not by one that shares.
        let pair = try LoopbackPair()
        defer { pair.close() }
        let port = UInt16(gwlinux_local_port(pair.client.descriptor))
        let error = #expect(throws: SystemError.self) { try Listener.bind(.ip(.loopback, port: port)) }
        #expect(error?.code == EADDRINUSE)
        #expect(error?.description == "bind: Address already in use")
        #expect(error?.isExhaustion == false)
    }

    @Test func anAddressOfAnotherHostIsAnError() {
        let error = #expect(throws: SystemError.self) {
            // TEST-NET-1, RFC 5737.
            try Listener.bind(.ip(IPAddress(ipv4: 0xC000_0201), port: 0))
        }
        #expect(error?.description == "bind: Cannot assign requested address")
    }

    // MARK: unix

    @Test func listensOnAUnixSocket() throws {
        let directory = try TemporaryDirectory()
        let listener = try Listener.bind(.unix(directory.path + "/s"))
        #expect(listener.isShared && listener.interest == .sharedAccept)
        let pair = try LoopbackPair(to: listener)
        #expect(pair.peer == nil)
        #expect(pair.client.send([7].span) == .transferred(1))
        #expect(try receive(1, from: pair.server).bytes == [7])
        pair.close()
        listener.close()
        // Closing took the file along.
        #expect(throws: SystemError(code: ENOENT, call: "connect")) { try Socket.connect(to: listener.address) }
    }

    @Test func replacesTheSocketFileOfADeadProcess() throws {
        let directory = try TemporaryDirectory()
        let address = SocketAddress.unix(directory.path + "/s")
        let dead = try Listener.bind(address)
        // As a process that is killed: the descriptor goes, the file stays.
        Socket(descriptor: dead.descriptor).close()
        #expect(throws: SystemError(code: ECONNREFUSED, call: "connect")) { try Socket.connect(to: address) }
        let listener = try Listener.bind(address)
        defer { listener.close() }
        try LoopbackPair(to: listener).close()
    }

    @Test func leavesALiveSocketAlone() throws {
        let directory = try TemporaryDirectory()
        let address = SocketAddress.unix(directory.path + "/s")
        let live = try Listener.bind(address)
        defer { live.close() }
        let error = #expect(throws: SystemError.self) { try Listener.bind(address) }
        #expect(error?.description == "bind: Address already in use")
        // The probe stands first in its queue and has gone; the next one is served.
        _ = try accept(from: live).socket.close()
        try LoopbackPair(to: live).close()
    }

    @Test func leavesOtherFilesAlone() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("precious", "text")
        #expect(throws: SystemError(code: EEXIST, call: "bind")) { try Listener.bind(.unix(path)) }
    }

    @Test func aSharedSocketHasDescriptorsOfItsOwn() throws {
        let directory = try TemporaryDirectory()
        let listener = try Listener.bind(.unix(directory.path + "/s"))
        defer { listener.close() }
        let shared = try listener.sharing()
        #expect(shared.descriptor != listener.descriptor && shared.isShared)
        shared.close()
        try LoopbackPair(to: listener).close()
    }
}

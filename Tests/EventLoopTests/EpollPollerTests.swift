import Bytes
import Glibc
import Testing

@testable import EventLoop

@Suite struct EpollPollerTests {
    private let token = Token(bits: 0xF000_0000_0000_0001)

    private func events(_ poller: EpollPoller, _ milliseconds: Int32) throws -> [ReadyEvent] {
        // What is in there must not survive.
        var events = [ReadyEvent(token: Token(bits: 99), readiness: .readable)]
        try poller.wait(milliseconds: milliseconds, into: &events)
        return events
    }

    private func send(_ count: Int, over pair: LoopbackPair) {
        #expect(pair.client.send([UInt8](repeating: 1, count: count).span) == .transferred(count))
    }

    @Test func tellsOfEachChangeOnce() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let poller = try EpollPoller()
        try poller.add(pair.server.descriptor, token: token, interest: .read)
        #expect(try events(poller, 0).isEmpty)
        send(10, over: pair)
        let first = try events(poller, 20_000)
        #expect(first.count == 1 && first.first?.token == token && first.first?.readiness == .readable)
        // Nothing was read, and nothing new has come.
        #expect(try events(poller, 0).isEmpty)
        send(1, over: pair)
        #expect(try events(poller, 20_000).count == 1)
    }

    @Test func tellsWhatWasThereBefore() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        send(1, over: pair)
        _ = try awaitReadiness(of: pair.server, .read)
        let poller = try EpollPoller()
        try poller.add(pair.server.descriptor, token: token, interest: .read)
        #expect(try events(poller, 20_000).first?.readiness == .readable)
    }

    @Test func writeInterestComesByModify() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let poller = try EpollPoller()
        try poller.add(pair.server.descriptor, token: token, interest: .read)
        #expect(try events(poller, 0).isEmpty)
        try poller.modify(pair.server.descriptor, token: Token(bits: 5), interest: [.read, .write])
        let ready = try events(poller, 20_000)
        #expect(ready.first?.readiness == .writable && ready.first?.token == Token(bits: 5))
        #expect(try events(poller, 0).isEmpty)
    }

    @Test func tellsWhenABlockedSocketTakesBytesAgain() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let bytes = [UInt8](repeating: 3, count: 1 << 20)
        var sent = 0
        while case .transferred(let count) = pair.client.send(bytes.span) { sent += count }
        let poller = try EpollPoller()
        try poller.add(pair.client.descriptor, token: token, interest: [.read, .write])
        #expect(try events(poller, 0).isEmpty)
        #expect(try receive(sent, from: pair.server).bytes.count == sent)
        #expect(try events(poller, 20_000).first?.readiness.contains(.writable) == true)
    }

    @Test func removedDescriptorsAreSilent() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let poller = try EpollPoller()
        try poller.add(pair.server.descriptor, token: token, interest: .read)
        poller.remove(pair.server.descriptor)
        send(1, over: pair)
        _ = try awaitReadiness(of: pair.server, .read)
        #expect(try events(poller, 0).isEmpty)
        // And may come back.
        try poller.add(pair.server.descriptor, token: token, interest: .read)
        #expect(try events(poller, 20_000).count == 1)
    }

    @Test func closingRemoves() throws {
        let pair = try LoopbackPair()
        let poller = try EpollPoller()
        try poller.add(pair.server.descriptor, token: token, interest: .read)
        pair.server.close()
        pair.client.close()
        #expect(try events(poller, 0).isEmpty)
    }

    @Test func tellsEndAndResetApart() throws {
        let poller = try EpollPoller()
        let ended = try LoopbackPair()
        try poller.add(ended.server.descriptor, token: token, interest: .read)
        ended.client.close()
        let end = try events(poller, 20_000).first?.readiness ?? []
        #expect(end.contains(.peerEnded) && !end.contains(.failed))
        ended.server.close()
        let reset = try LoopbackPair()
        try poller.add(reset.server.descriptor, token: token, interest: .read)
        reset.client.abort()
        let broken = try events(poller, 20_000).first?.readiness ?? []
        #expect(broken.contains(.failed) && broken.contains(.hungUp))
        reset.server.close()
    }

    /// A worker takes a few connections a turn; the rest must come up again.
    @Test(arguments: [Interest.accept, .sharedAccept]) func listenersStayReady(_ interest: Interest) throws {
        let listener = try Listener.bind(.ip(.loopback, port: 0))
        defer { listener.close() }
        let poller = try EpollPoller()
        try poller.add(listener.descriptor, token: token, interest: interest)
        let target = SocketAddress.ip(.loopback, port: UInt16(listener.localPort))
        let client = try Socket.connect(to: target).socket
        defer { client.close() }
        for _ in 0..<3 { #expect(try events(poller, 20_000).first?.readiness == .readable) }
        try EventLoopTests.accept(from: listener).socket.close()
        #expect(try events(poller, 0).isEmpty)
    }

    @Test func mistakesAreErrors() throws {
        let pair = try LoopbackPair()
        defer { pair.close() }
        let poller = try EpollPoller()
        try poller.add(pair.server.descriptor, token: token, interest: .read)
        let twice = #expect(throws: SystemError.self) {
            try poller.add(pair.server.descriptor, token: token, interest: .read)
        }
        #expect(twice?.description == "epoll_ctl: File exists")
        #expect(throws: SystemError(code: ENOENT, call: "epoll_ctl")) {
            try poller.modify(pair.client.descriptor, token: token, interest: .read)
        }
    }

    @Test func servesMoreThanOneBatch() throws {
        let poller = try EpollPoller()
        let mailboxes = try (0..<300).map { _ in try Mailbox<Int>() }
        for (index, mailbox) in mailboxes.enumerated() {
            try poller.add(mailbox.descriptor, token: Token(bits: UInt64(index)), interest: .read)
            mailbox.post(index)
        }
        var seen: Set<UInt64> = []
        while seen.count < mailboxes.count {
            let batch = try events(poller, 20_000)
            try #require(!batch.isEmpty && batch.count <= 256)
            for event in batch { seen.insert(event.token.bits) }
        }
        #expect(try events(poller, 0).isEmpty)
    }
}

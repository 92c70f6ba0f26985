import Bytes
import Testing

@testable import EventLoop

/// Two ends of one connection over a real socket, and the waiting that tests need around them.
struct LoopbackPair {
    let client: Socket
    let server: Socket
    /// What the listener said of the client.
    let peer: IPAddress?

    /// Connects over `address`, on a listener that is closed again at once.
    init(_ address: SocketAddress = .ip(.loopback, port: 0)) throws {
        let listener = try Listener.bind(address)
        defer { listener.close() }
        self = try LoopbackPair(to: listener)
    }

    init(to listener: Listener, at host: IPAddress? = nil) throws {
        var target = listener.address
        if case .ip(let ip, _) = target { target = .ip(host ?? ip, port: UInt16(listener.localPort)) }
        client = try Socket.connect(to: target).socket
        (server, peer) = try accept(from: listener)
        _ = try awaitReadiness(of: client, .write)
    }

    func close() {
        client.close()
        server.close()
    }
}

struct TimedOut: Error {}

/// Waits until the kernel says anything of a descriptor.
func awaitReadiness(of descriptor: Int32, _ interest: Interest) throws -> Readiness {
    let poller = try EpollPoller()
    try poller.add(descriptor, token: Token(bits: 1), interest: interest)
    defer { poller.remove(descriptor) }
    var events: [ReadyEvent] = []
    try poller.wait(milliseconds: 20_000, into: &events)
    guard let event = events.first else { throw TimedOut() }
    return event.readiness
}

func awaitReadiness(of socket: Socket, _ interest: Interest) throws -> Readiness {
    try awaitReadiness(of: socket.descriptor, interest)
}

func accept(from listener: Listener) throws -> (socket: Socket, peer: IPAddress?) {
    _ = try awaitReadiness(of: listener.descriptor, .accept)
    guard case .connection(let socket, let peer) = listener.accept() else { throw TimedOut() }
    return (socket, peer)
}

/// Reads until `count` bytes are there, or until the outcome that is none.
func receive(_ count: Int, from socket: Socket) throws -> (bytes: [UInt8], last: IOOutcome) {
    var bytes: [UInt8] = []
    var last = IOOutcome.wouldBlock
    while bytes.count < count {
        let buffer = ByteBuffer(capacity: min(64 << 10, count - bytes.count))
        last = socket.receive(into: buffer)
        switch last {
        case .transferred: buffer.readable.withEach { bytes.append($0) }
        case .wouldBlock: _ = try awaitReadiness(of: socket, .read)
        case .ended, .failed: return (bytes, last)
        }
    }
    return (bytes, last)
}

extension Span<UInt8> {
    func withEach(_ body: (UInt8) -> Void) {
        for index in indices { body(self[index]) }
    }
}

import Bytes
import Testing

@testable import EventLoop

/// Two ends of one connection over a real socket, and the waiting that tests need around them.
struct LoopbackPair {
    let near: Socket
    let far: Socket

    init() throws {
        let listener = try Listener.bind(.ip(.loopback, port: 0))
        defer { listener.close() }
        near = try Socket.connect(to: .ip(.loopback, port: UInt16(listener.localPort))).socket
        _ = try awaitReadiness(of: listener.descriptor, .accept)
        guard case .connection(let socket, _) = listener.accept() else { throw TimedOut() }
        far = socket
        _ = try awaitReadiness(of: near.descriptor, .write)
    }

    func close() {
        near.close()
        far.close()
    }
}

struct TimedOut: Error {}

/// Waits until the kernel says anything of a descriptor.
@discardableResult
func awaitReadiness(of descriptor: Int32, _ interest: Interest) throws -> Readiness {
    let poller = try EpollPoller()
    try poller.add(descriptor, token: Token(bits: 1), interest: interest)
    defer { poller.remove(descriptor) }
    var events: [ReadyEvent] = []
    try poller.wait(milliseconds: 20_000, into: &events)
    guard let event = events.first else { throw TimedOut() }
    return event.readiness
}

/// What is there to read now, at most `limit` bytes.
func receiveNow(_ socket: Socket, atMost limit: Int = 64 << 10) -> [UInt8] {
    let buffer = ByteBuffer(capacity: limit)
    guard case .transferred = socket.receive(into: buffer) else { return [] }
    return [UInt8](copying: buffer.readable)
}

extension Array where Element == UInt8 {
    /// The bytes of a span.
    init(copying span: Span<UInt8>) {
        self = []
        reserveCapacity(span.count)
        for index in span.indices { append(span[index]) }
    }
}

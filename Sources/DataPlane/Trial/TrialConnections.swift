import Bytes
import EventLoop
import Glibc
import HTTP

/// Stands in for the network between upstream pools and servers.
protocol UpstreamConnector: AnyObject {
    /// A connected socket to the upstream of that name.
    func connect(to upstream: String) throws(SystemError) -> Socket
}

/// The upstreams' ends of a trial's connections: each reads a request to its end, then answers.
final class TrialConnections: UpstreamConnector {
    private final class Connection {
        let upstream: String
        let socket: Socket
        var received: [UInt8] = []
        var unsent: ArraySlice<UInt8> = []
        var hasAnswered = false
        /// When the answer is to be sent.
        var answersAt = Instant(nanoseconds: 0)
        var closesAfterAnswer = false
        var isClosed = false

        init(upstream: String, socket: Socket) {
            self.upstream = upstream
            self.socket = socket
        }

        func close() {
            guard !isClosed else { return }
            isClosed = true
            socket.close()
        }
    }

    private var connections: [Connection] = []
    private var upstream = TrialUpstream(response: nil, headResponse: [])
    private let clock: VirtualClock
    private let space = ByteBuffer(capacity: 64 << 10)

    init(clock: VirtualClock) {
        self.clock = clock
    }

    /// A new trial begins.
    func begin(_ upstream: TrialUpstream) {
        closeAll()
        self.upstream = upstream
    }

    func closeAll() {
        for connection in connections { connection.close() }
        connections = []
    }

    func connect(to name: String) throws(SystemError) -> Socket {
        guard upstream.response != nil || upstream.responder != nil else {
            throw SystemError(code: ECONNREFUSED, call: "connect")
        }
        if let responder = upstream.responder, responder.refuses(name) {
            throw SystemError(code: ECONNREFUSED, call: "connect")
        }
        let (near, far) = try Socket.pair()
        connections.append(Connection(upstream: name, socket: far))
        return near
    }

    /// The request that the upstream of that name received.
    func forwarded(to name: String?) -> [UInt8]? {
        connections.first { $0.upstream == name && !$0.received.isEmpty }?.received
    }

    var requests: [(upstream: String, bytes: [UInt8])] { connections.map { ($0.upstream, $0.received) } }

    /// Reads and answers; true when any byte has moved.
    func serve() -> Bool {
        var hasMoved = false
        for connection in connections where !connection.isClosed && serve(connection) { hasMoved = true }
        return hasMoved
    }

    private func serve(_ connection: Connection) -> Bool {
        let space = space
        space.clear()
        var hasMoved = false
        switch connection.socket.receive(into: space) {
        case .transferred:
            connection.received.append(copying: space.readable)
            hasMoved = true
        case .wouldBlock: break
        case .ended, .failed:
            connection.close()
            return false
        }
        if !connection.hasAnswered, Self.isWhole(connection.received) {
            connection.hasAnswered = true
            let isHead = connection.received.starts(with: Array("HEAD ".utf8))
            if let responder = upstream.responder {
                let reply = responder.reply(connection.upstream, connection.received)
                connection.unsent = reply.bytes[...]
                connection.answersAt = clock.now.advanced(byNanoseconds: reply.delayNanoseconds)
                connection.closesAfterAnswer = reply.closes
            } else {
                connection.unsent = (isHead ? upstream.headResponse : upstream.response ?? [])[...]
            }
        }
        if connection.hasAnswered, connection.answersAt > clock.now { return hasMoved }
        if connection.closesAfterAnswer, connection.unsent.isEmpty {
            connection.close()
            return true
        }
        return connection.socket.send(startOf: &connection.unsent) || hasMoved
    }

    /// Nanoseconds until an answer is due that waits; nil when none does.
    var untilNextAnswer: Int64? {
        connections.filter { !$0.isClosed && $0.hasAnswered && $0.answersAt > clock.now }
            .map { $0.answersAt.nanoseconds(since: clock.now) }.min()
    }

    /// Whether the head and the body that it announces are there. The writer is the gateway, so that its framing is
    /// known to be plain.
    private static func isWhole(_ bytes: [UInt8]) -> Bool {
        var parser = RequestParser(limits: .largest)
        var head = RequestHead()
        guard (try? parser.parse(bytes.span, into: &head)) == true else { return false }
        switch head.framing {
        case .none, .untilClose: return true
        case .length(let count): return bytes.count >= head.byteCount + count
        case .chunked: return ChunkedDecoder.decode(bytes.span.extracting(head.byteCount...)).isWhole
        }
    }
}

extension Socket {
    /// Sends what the other side has room for and takes that away; whether it was any.
    func send(startOf unsent: inout ArraySlice<UInt8>) -> Bool {
        guard !unsent.isEmpty, case .transferred(let count) = send(unsent.span) else { return false }
        unsent = unsent.dropFirst(count)
        return true
    }
}

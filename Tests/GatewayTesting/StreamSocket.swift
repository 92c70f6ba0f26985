import Glibc
import Synchronization

/// Where a peer listens.
package enum PeerAddress: Sendable, Hashable, CustomStringConvertible {
    case port(UInt16)
    case unix(String)

    package var description: String {
        switch self {
        case .port(let port): "127.0.0.1:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// How a peer ended a stream.
package enum StreamEnd: Sendable, Equatable {
    /// An orderly FIN.
    case closed
    /// A reset: the peer threw the connection away.
    case reset
}

/// A stream socket in the plainest possible style: every call blocks until done or past its deadline.
///
/// - Threads: one reader and one writer at a time; `close` and `reset` only when neither is waiting.
package final class StreamSocket: Sendable {
    package enum Received: Sendable {
        case bytes([UInt8])
        case ended(StreamEnd)
    }

    private let descriptor: Int32
    private let isOpen = Mutex(true)

    /// Takes over an open descriptor.
    package init(adopting descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    deinit { close() }

    package static func connecting(
        to address: PeerAddress, receiveBuffer: Int? = nil, before deadline: Deadline = .usual
    ) throws -> StreamSocket {
        let family = if case .unix = address { AF_UNIX } else { AF_INET }
        let socket = StreamSocket(adopting: try openSocket(family))
        // Before connecting: the window is agreed on in the handshake.
        if let receiveBuffer { socket.setOption(SOL_SOCKET, SO_RCVBUF, Int32(receiveBuffer)) }
        let result = try unsafe withSocketAddress(address) { pointer, length in
            unsafe Glibc.connect(socket.descriptor, pointer, length)
        }
        if result == 0 { return socket }
        guard errno == EINPROGRESS || errno == EAGAIN else {
            throw TestingFailure("connect to \(address): errno \(errno)")
        }
        try socket.wait(for: Int16(POLLOUT), before: deadline, doing: "connect to \(address)")
        var failure: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &failure, &length)
        guard failure == 0 else { throw TestingFailure("connect to \(address): errno \(failure)") }
        return socket
    }

    package func send(_ bytes: [UInt8], before deadline: Deadline = .usual) throws {
        var sent = 0
        while sent < bytes.count {
            let count = try sendSome(bytes, from: sent)
            if count == 0 {
                try wait(for: Int16(POLLOUT), before: deadline, doing: "send")
            }
            sent += count
        }
    }

    /// Sends what the socket takes at once: 0 when its buffer is full.
    package func sendSome(_ bytes: [UInt8], from start: Int) throws -> Int {
        while true {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress?.advanced(by: start), bytes.count - start, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 { return count }
            if errno == EINTR { continue }
            if errno == EAGAIN { return 0 }
            throw TestingFailure("send: errno \(errno)")
        }
    }

    package func receive(upTo byteCount: Int = 65536, before deadline: Deadline = .usual) throws -> Received {
        while true {
            var failure: Int32 = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initializedCount in
                let count = unsafe recv(descriptor, buffer.baseAddress, byteCount, 0)
                failure = count < 0 ? errno : 0
                initializedCount = max(count, 0)
            }
            switch failure {
            case 0: return bytes.isEmpty ? .ended(.closed) : .bytes(bytes)
            case EINTR: continue
            case EAGAIN: try wait(for: Int16(POLLIN), before: deadline, doing: "receive")
            case ECONNRESET, EPIPE: return .ended(.reset)
            default: throw TestingFailure("receive: errno \(failure)")
            }
        }
    }

    /// True when the socket is ready for `events` before the deadline.
    package func isReady(for events: Int16, before deadline: Deadline) -> Bool {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        while true {
            let count = unsafe poll(&entry, 1, deadline.millisecondsLeft)
            if count > 0 { return true }
            if count < 0, errno == EINTR { continue }
            if deadline.isPast { return false }
        }
    }

    private func wait(for events: Int16, before deadline: Deadline, doing what: String) throws {
        guard isReady(for: events, before: deadline) else { throw TestingFailure("\(what): past its deadline") }
    }

    /// Sends FIN and keeps reading possible.
    package func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    package func close() {
        isOpen.withLock { isOpen in
            if isOpen { _ = Glibc.close(descriptor) }
            isOpen = false
        }
    }

    /// Closes with a reset, as a crashed peer does.
    package func reset() {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            var linger = linger(l_onoff: 1, l_linger: 0)
            _ = unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
            _ = Glibc.close(descriptor)
            isOpen = false
        }
    }

    private func setOption(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

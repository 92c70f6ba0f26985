package import Bytes
import CLinux
import Glibc

/// What a read or write came to.
package enum IOOutcome: Equatable, Sendable {
    case transferred(Int)
    case wouldBlock
    /// Reads only: the peer ended its side in order.
    case ended
    /// The connection is dead; the errno value.
    case failed(Int32)

    /// - Parameter result: of a read: how many bytes, 0 at the peer's end, or an errno value negated.
    package init(ofReceive result: Int64) {
        self = result == 0 ? .ended : IOOutcome(ofSend: result)
    }

    /// - Parameter result: of a write: how many bytes, or an errno value negated.
    package init(ofSend result: Int64) {
        if result >= 0 {
            self = .transferred(Int(result))
        } else {
            self = -result == EAGAIN ? .wouldBlock : .failed(Int32(-result))
        }
    }
}

/// A stream socket by its descriptor. A value: whoever owns the connection closes it, exactly once.
package struct Socket: Sendable {
    package let descriptor: Int32

    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Reads once, at most `limit` bytes, into the free room of `buffer`, which must not be full.
    package func receive(into buffer: ByteBuffer, atMost limit: Int = .max) -> IOOutcome {
        precondition(buffer.writableCount > 0 && limit > 0, "recv of nothing would read as the peer's end")
        var result: Int64 = 0
        unsafe buffer.withFreeSpace { space in
            // Sound: the kernel writes at most `space.count` bytes.
            result = unsafe gwlinux_receive(descriptor, space.baseAddress, min(space.count, limit))
            return result > 0 ? Int(result) : 0
        }
        return IOOutcome(ofReceive: result)
    }

    /// Sends what the kernel takes of `bytes`.
    package func send(_ bytes: Span<UInt8>) -> IOOutcome {
        let result = unsafe bytes.withUnsafeBufferPointer {
            // Sound: the pointer is used within the closure only.
            unsafe gwlinux_send(descriptor, $0.baseAddress, $0.count, 0)
        }
        return IOOutcome(ofSend: result)
    }

    /// Sends what the kernel takes of `first` followed by `second`, in one call.
    package func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> IOOutcome {
        let result = unsafe first.withUnsafeBufferPointer { head in
            unsafe second.withUnsafeBufferPointer { body in
                // Sound: as above.
                unsafe gwlinux_send_two(descriptor, head.baseAddress, head.count, body.baseAddress, body.count)
            }
        }
        return IOOutcome(ofSend: result)
    }

    /// The errno value of a finished non-blocking connect; 0 when it succeeded.
    package var pendingError: Int32 { gwlinux_socket_error(descriptor) }

    /// Ends our side; what was sent still arrives.
    package func shutdownWrite() {
        _ = gwlinux_shutdown_write(descriptor)
    }

    /// Closes with RST, so that the peer cannot take a cut transfer for a whole one.
    package func abort() {
        _ = gwlinux_abort_on_close(descriptor)
        gwlinux_close(descriptor)
    }

    package func close() {
        gwlinux_close(descriptor)
    }

    /// Two sockets that are connected to each other.
    package static func pair() throws(SystemError) -> (Socket, Socket) {
        var first: Int32 = -1
        var second: Int32 = -1
        let result = unsafe gwlinux_socket_pair(&first, &second)
        guard result >= 0 else { throw SystemError(code: -result, call: "socketpair") }
        return (Socket(descriptor: first), Socket(descriptor: second))
    }

    /// The port of the other end; nil on a unix socket, and once the other end has gone.
    package var peerPort: Int? {
        let port = gwlinux_peer_port(descriptor)
        return port > 0 ? Int(port) : nil
    }

    /// Starts a connect. The second part tells whether it is already established.
    package static func connect(to address: SocketAddress) throws(SystemError) -> (socket: Socket, isConnected: Bool) {
        var connected: Int32 = 0
        let descriptor: Int32
        switch address {
        case .ip(let ip, let port):
            var raw = gwlinux_address(ip, port: port)
            descriptor = unsafe gwlinux_connect_tcp(&raw, &connected)
        case .unix(let path):
            descriptor = unsafe path.withCString { unsafe gwlinux_connect_unix($0, &connected) }
        }
        guard descriptor >= 0 else { throw SystemError(code: -descriptor, call: "connect") }
        return (Socket(descriptor: descriptor), connected != 0)
    }
}

extension gwlinux_address {
    /// The kernel's form of an address.
    init(_ ip: IPAddress, port: UInt16) {
        self.init()
        self.port = port
        family = ip.isIPv4 ? 4 : 6
        unsafe withUnsafeMutableBytes(of: &bytes) { space in
            // Sound: `bytes` has 16 bytes.
            if ip.isIPv4 {
                for index in 0..<4 { unsafe space[index] = UInt8(truncatingIfNeeded: ip.ipv4Bits >> (24 - index * 8)) }
            } else {
                for index in 0..<8 { unsafe space[index] = UInt8(truncatingIfNeeded: ip.high >> (56 - index * 8)) }
                for index in 0..<8 { unsafe space[8 + index] = UInt8(truncatingIfNeeded: ip.low >> (56 - index * 8)) }
            }
        }
    }

    /// The address as a value; nil for a peer on a unix socket.
    var ip: IPAddress? {
        guard family != 1, family != 0 else { return nil }
        var copy = bytes
        return unsafe withUnsafeBytes(of: &copy) { space in
            // Sound: `bytes` has 16 bytes.
            if family == 4 {
                var bits: UInt32 = 0
                for index in 0..<4 { bits = unsafe bits << 8 | UInt32(space[index]) }
                return IPAddress(ipv4: bits)
            }
            var high: UInt64 = 0
            var low: UInt64 = 0
            for index in 0..<8 { high = unsafe high << 8 | UInt64(space[index]) }
            for index in 8..<16 { low = unsafe low << 8 | UInt64(space[index]) }
            return IPAddress(ipv6High: high, low: low)
        }
    }
}

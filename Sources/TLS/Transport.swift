package import Bytes
package import EventLoop

/// A stream socket, with TLS on it or without: what connections read from and write to.
package struct Transport {
    package let socket: Socket
    package let tls: TLSSession?

    @inlinable package init(_ socket: Socket, tls: TLSSession? = nil) {
        self.socket = socket
        self.tls = tls
    }

    @inlinable package var descriptor: Int32 { socket.descriptor }

    @inlinable package func receive(into buffer: ByteBuffer, atMost limit: Int = .max) -> IOOutcome {
        if let tls { return tls.receive(into: buffer, atMost: limit) }
        return socket.receive(into: buffer, atMost: limit)
    }

    @inlinable package func send(_ bytes: Span<UInt8>) -> IOOutcome {
        if let tls { return tls.send(bytes) }
        return socket.send(bytes)
    }

    @inlinable package func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> IOOutcome {
        guard let tls else { return socket.send(first, second) }
        let outcome = tls.send(first)
        guard outcome == .transferred(first.count) else { return outcome }
        if case .transferred(let count) = tls.send(second) { return .transferred(first.count + count) }
        // What goes wrong now goes wrong again at the next call.
        return outcome
    }

    /// Below this a copy behind pending bytes is cheaper than a second part of a send: with TLS, a record of its own.
    @inlinable package var copyMax: Int { tls == nil ? 2048 : 16 << 10 }

    /// Ends our side; what was sent still arrives.
    @inlinable package func shutdownWrite() {
        tls?.closeNotify()
        socket.shutdownWrite()
    }

    /// Closes with RST, so that the peer cannot take a cut transfer for a whole one.
    @inlinable package func abort() { socket.abort() }

    @inlinable package func close() {
        tls?.closeNotify()
        socket.close()
    }
}

/// A client that sends exactly the bytes it is told to and reports exactly what came back.
///
/// - Threads: one at a time.
package final class RawConnection {
    package let socket: StreamSocket
    package let reader: MessageReader

    package init(
        to address: PeerAddress, receiveBuffer: Int? = nil, before deadline: Deadline = .usual
    ) throws {
        socket = try .connecting(to: address, receiveBuffer: receiveBuffer, before: deadline)
        reader = MessageReader(socket)
    }

    package convenience init(port: UInt16, receiveBuffer: Int? = nil) throws {
        try self.init(to: .port(port), receiveBuffer: receiveBuffer)
    }

    package func send(_ text: String) throws { try socket.send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8], before deadline: Deadline = .usual) throws {
        try socket.send(bytes, before: deadline)
    }

    /// Sends in pieces of `byteCount`, each its own segment as far as the kernel allows.
    package func send(_ bytes: [UInt8], inPiecesOf byteCount: Int) throws {
        var start = 0
        while start < bytes.count {
            try socket.send(Array(bytes[start..<min(start + byteCount, bytes.count)]))
            start += byteCount
        }
    }

    /// Reads on until the other side ends or resets the connection.
    package func waitForEnd(before deadline: Deadline = .usual) throws {
        while true {
            guard case .bytes = try socket.receive(before: deadline) else { return }
        }
    }

    /// The next response; a connection that ends without one is a failure.
    package func response(toHead isHead: Bool = false, before deadline: Deadline = .usual) throws -> HTTPMessage {
        guard let response = try reader.readResponse(toHead: isHead, before: deadline) else {
            throw TestingFailure("the connection ended without a response")
        }
        return response
    }

    /// Sends a request and reads its response.
    package func exchange(
        _ head: String, body: String = "", before deadline: Deadline = .usual
    ) throws -> HTTPMessage {
        try send(head + body)
        return try response(toHead: head.hasPrefix("HEAD "), before: deadline)
    }

    /// `GET` with a Host and the given further lines, each without its CRLF.
    package func get(_ target: String, host: String = "gateway.test", _ lines: String...) throws -> HTTPMessage {
        try exchange(Self.request("GET", target, host: host, lines))
    }

    /// The text of a request head: request line, Host, the given lines, and the empty line.
    package static func request(
        _ method: String, _ target: String, host: String = "gateway.test", _ lines: [String] = []
    ) -> String {
        let head = ["\(method) \(target) HTTP/1.1", "Host: \(host)"] + lines
        return head.joined(separator: "\r\n") + "\r\n\r\n"
    }
}

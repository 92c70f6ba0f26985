/// Reads whole HTTP/1.1 messages off a stream, one after the other, and keeps what lies past each.
///
/// Deliberately simple and separate from the gateway's own codec, so that the two cannot share a mistake.
///
/// - Threads: one at a time.
package final class MessageReader {
    private let socket: StreamSocket
    /// Received, not yet handed out.
    private var pending: [UInt8] = []
    private var position = 0
    private var end: StreamEnd?
    private var message = HTTPMessage()

    package init(_ socket: StreamSocket) {
        self.socket = socket
    }

    /// Whether bytes lie past the last message.
    package var hasLeftover: Bool { position < pending.count }

    /// The next request, or nil when the stream ended before its first byte.
    package func readRequest(before deadline: Deadline = .usual) throws -> HTTPMessage? {
        guard try readHead(before: deadline) else { return nil }
        guard message.isComplete else { return message }
        if message.isChunked {
            try readChunked(before: deadline)
        } else if let length = message["content-length"].flatMap({ Int($0) }) {
            try readBody(length, before: deadline)
        }
        return message
    }

    /// The head of the next request only; the body is the caller's to read with `readBytes`.
    package func readRequestHead(before deadline: Deadline = .usual) throws -> HTTPMessage? {
        try readHead(before: deadline) ? message : nil
    }

    /// The next final response with the 1xx ones before it, or nil when the stream ended before its first byte.
    package func readResponse(toHead isHead: Bool = false, before deadline: Deadline = .usual) throws -> HTTPMessage? {
        var interim: [HTTPMessage] = []
        while true {
            guard try readHead(before: deadline) else {
                guard let last = interim.last else { return nil }
                return last
            }
            if (100..<200).contains(message.status), message.status != 101, message.isComplete {
                interim.append(message)
                continue
            }
            message.interim = interim
            guard message.isComplete else { return message }
            try readResponseBody(toHead: isHead, before: deadline)
            return message
        }
    }

    /// The head of the next final response only.
    package func readResponseHead(before deadline: Deadline = .usual) throws -> HTTPMessage? {
        while try readHead(before: deadline) {
            if !(100..<200).contains(message.status) { return message }
        }
        return nil
    }

    /// The head of the next response, be it a 1xx.
    package func readAnyResponseHead(before deadline: Deadline = .usual) throws -> HTTPMessage? {
        try readHead(before: deadline) ? message : nil
    }

    /// At least one byte, at most `byteCount`; nil at the end of the stream.
    package func readBytes(upTo byteCount: Int, before deadline: Deadline = .usual) throws -> [UInt8]? {
        if position == pending.count { guard try fill(before: deadline) else { return nil } }
        let count = min(byteCount, pending.count - position)
        defer { position += count }
        return Array(pending[position..<(position + count)])
    }

    /// Exactly `byteCount` bytes; fewer when the stream ends before.
    package func readExactly(_ byteCount: Int, before deadline: Deadline = .usual) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < byteCount, let more = try readBytes(upTo: byteCount - bytes.count, before: deadline) {
            bytes += more
        }
        return bytes
    }

    /// The size on the next chunk-size line, extensions ignored.
    package func readChunkSize(before deadline: Deadline) throws -> Int {
        guard let line = try readLine(before: deadline) else {
            throw TestingFailure(
                "the stream ended at a "
                    + "chunk size")
        }
        let text = String(decoding: line.prefix { $0 != 0x3B }, as: UTF8.self)
        guard let size = Int(text, radix: 16), size >= 0 else { throw TestingFailure("chunk size \(text)") }
        return size
    }

    /// Everything up to the end of the stream, and how it ended.
    package func readToEnd(before deadline: Deadline = .usual) throws -> (bytes: [UInt8], end: StreamEnd) {
        while try fill(before: deadline) {}
        defer { position = pending.count }
        return (Array(pending[position...]), end ?? .closed)
    }

    /// Waits for the stream's end, which must come with no byte before it.
    package func readEnd(before deadline: Deadline = .usual) throws -> StreamEnd {
        let (bytes, end) = try readToEnd(before: deadline)
        guard bytes.isEmpty else {
            throw TestingFailure("bytes before the end: \(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
        return end
    }

    // MARK: Heads

    private func readHead(before deadline: Deadline) throws -> Bool {
        message = HTTPMessage()
        while true {
            guard let line = try readLine(before: deadline) else {
                if message.raw.isEmpty { return false }
                message.ending = .broken(end ?? .closed)
                return true
            }
            if line.isEmpty { break }
            let text = String(decoding: line, as: UTF8.self)
            if message.startLine.isEmpty {
                message.startLine = text
            } else {
                message.fields.append(field(text))
            }
        }
        return true
    }

    private func field(_ line: String) -> HTTPMessage.Field {
        guard let colon = line.firstIndex(of: ":") else { return .init(name: line, value: "") }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        return .init(name: String(line[..<colon]), value: String(value))
    }

    /// A line without its CRLF, which is demanded; nil at the end of the stream.
    private func readLine(before deadline: Deadline) throws -> [UInt8]? {
        var scanned = position
        while true {
            if let lineEnd = pending[scanned...].firstIndex(of: 0x0A) {
                let line = Array(pending[position...lineEnd])
                message.raw += line
                position = lineEnd + 1
                guard line.count >= 2, line[line.count - 2] == 0x0D else {
                    throw TestingFailure(
                        "line without CRLF: "
                            + "\(String(decoding: line, as: UTF8.self).debugDescription)")
                }
                return Array(line.dropLast(2))
            }
            scanned = pending.count - position
            guard try fill(before: deadline) else {
                message.raw += pending[position...]
                position = pending.count
                return nil
            }
            scanned += position
        }
    }

    // MARK: Bodies

    private func readResponseBody(toHead isHead: Bool, before deadline: Deadline) throws {
        let status = message.status
        if isHead || status == 204 || status == 304 || status == 101 { return }
        if message.isChunked {
            try readChunked(before: deadline)
        } else if let length = message["content-length"].flatMap({ Int($0) }) {
            try readBody(length, before: deadline)
        } else {
            let (bytes, end) = try readToEnd(before: deadline)
            message.body = bytes
            message.raw += bytes
            if end == .reset { message.ending = .broken(.reset) }
        }
    }

    private func readBody(_ length: Int, before deadline: Deadline) throws {
        while message.body.count < length {
            guard let bytes = try readBytes(upTo: length - message.body.count, before: deadline) else {
                message.ending = .broken(end ?? .closed)
                return
            }
            message.body += bytes
            message.raw += bytes
        }
    }

    private func readChunked(before deadline: Deadline) throws {
        while true {
            guard let line = try readLine(before: deadline) else { return message.ending = .broken(end ?? .closed) }
            let text = String(decoding: line.prefix { $0 != 0x3B }, as: UTF8.self)
            guard let size = Int(text, radix: 16), size >= 0 else {
                return message.ending = .malformed("chunk size \(text.debugDescription)")
            }
            if size == 0 { return try readTrailers(before: deadline) }
            let wanted = message.body.count + size
            try readBody(wanted, before: deadline)
            guard message.isComplete else { return }
            guard let rest = try readLine(before: deadline) else { return message.ending = .broken(end ?? .closed) }
            guard rest.isEmpty else { return message.ending = .malformed("bytes after a chunk") }
        }
    }

    private func readTrailers(before deadline: Deadline) throws {
        while true {
            guard let line = try readLine(before: deadline) else { return message.ending = .broken(end ?? .closed) }
            if line.isEmpty { return }
            message.trailers.append(field(String(decoding: line, as: UTF8.self)))
        }
    }

    /// False at the end of the stream.
    private func fill(before deadline: Deadline) throws -> Bool {
        guard end == nil else { return false }
        if position == pending.count {
            pending.removeAll(keepingCapacity: true)
            position = 0
        } else if position > 1 << 16 {
            pending.removeFirst(position)
            position = 0
        }
        switch try socket.receive(before: deadline) {
        case .bytes(let bytes):
            pending += bytes
            return true
        case .ended(let end):
            self.end = end
            return false
        }
    }
}

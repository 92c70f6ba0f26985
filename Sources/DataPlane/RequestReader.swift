import Bytes
import HTTP

/// What an HTTP/1.1 connection needs only while it reads a request: pooled by the worker, so that an idle connection
/// costs next to nothing.
final class RequestReader {
    enum Body: Equatable {
        case none
        case length(remaining: Int)
        case chunked
        case complete

        var isComplete: Bool { self == .none || self == .complete }
    }

    enum Step {
        case bytes(Range<Int>)
        /// Everything given was used; the body goes on.
        case needMore
        /// The body ended at this offset.
        case end(Int)
    }

    var parser: RequestParser
    private var decoder: ChunkedDecoder
    private(set) var body = Body.none
    /// The head, the first part of the body, and what came behind it.
    var bytes: ByteBuffer
    /// The exchange of the request that is being read: HTTP/1.1 has one at a time, so it is pooled along.
    let exchange: Exchange?
    let limits: RequestLimits
    /// The reader behind this one in the pool that holds both.
    var next: RequestReader?
    private var headByteCount = 0
    /// The body has not outgrown `bytes`, so it can be read again for a replay.
    private(set) var isRewindable = true
    private var framing = BodyFraming.none

    init(limits: RequestLimits, bytes: ByteBuffer, exchange: Exchange? = nil) {
        self.exchange = exchange
        self.limits = limits
        parser = RequestParser(limits: limits)
        decoder = ChunkedDecoder(limits: limits)
        self.bytes = bytes
    }

    /// Makes a pooled reader ready for a new connection's request, under the limits that it was made with.
    func prepare() {
        parser.reset()
        body = .none
    }

    /// The head is whole: the body follows it in `bytes`.
    func headParsed(byteCount: Int, framing: BodyFraming) {
        headByteCount = byteCount
        bytes.consume(byteCount)
        self.framing = framing
        isRewindable = true
        startBody()
    }

    private func startBody() {
        switch framing {
        case .none, .untilClose, .length(0): body = .none
        case .length(let count): body = .length(remaining: count)
        case .chunked:
            decoder.reset()
            body = .chunked
        }
    }

    /// Starts the body over; false when part of it is no longer in `bytes`.
    func rewind() -> Bool {
        guard isRewindable else { return false }
        bytes.rewind(to: headByteCount)
        startBody()
        return true
    }

    /// Body bytes are being read past `bytes`.
    func bodyOutgrew() {
        isRewindable = false
    }

    /// Keeps what the client sent behind its body.
    func append(_ rest: Span<UInt8>, pool: BufferPool) {
        if bytes.writableCount < rest.count {
            bytes = pool.grow(bytes, atLeast: bytes.capacity + rest.count)
        }
        bytes.append(rest)
    }

    /// The largest read that cannot run into the next request; that of a chunked body is not known.
    var readMax: Int {
        if case .length(let remaining) = body { remaining } else { Int.max }
    }

    /// The next piece of the body in `input` from `offset`.
    func next(_ input: Span<UInt8>, from offset: inout Int) throws(ChunkError) -> Step {
        switch body {
        case .none, .complete: return .end(offset)
        case .length(let remaining):
            let count = min(remaining, input.count - offset)
            guard count > 0 else { return .needMore }
            let range = offset..<offset + count
            offset += count
            body = .length(remaining: remaining - count)
            return .bytes(range)
        case .chunked:
            switch try decoder.next(input, from: &offset) {
            case .data(let range): return .bytes(range)
            case .needMore: return .needMore
            case .end(let consumed):
                offset = consumed
                body = .complete
                return .end(consumed)
            }
        }
    }

    /// A body with a length has come to its end with the last piece.
    func endsHere() -> Bool {
        guard case .length(0) = body else { return false }
        body = .complete
        return true
    }

    /// Bytes that the client has announced and not sent: what is left of a chunk. A length was judged with the head.
    var announcedByteCount: Int { body == .chunked ? decoder.announcedByteCount : 0 }

    var trailers: [UInt8] { decoder.trailers }

    /// Drops the served request and keeps what the client sent behind it. True when there is some.
    func startNext() -> Bool {
        parser.reset()
        body = .none
        bytes.compact()
        return !bytes.isEmpty
    }
}

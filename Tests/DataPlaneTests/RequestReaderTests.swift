import Bytes
import GatewayTesting
import HTTP
import Testing

@testable import DataPlane

@Suite struct RequestReaderTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var head: String
        var wire: String
        var body: String
        var trailers = ""
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "no body", head: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", wire: "", body: ""),
        Row(name: "length 0", head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", wire: "", body: ""),
        Row(
            name: "length", head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", wire: "hello world",
            body: "hello world"),
        Row(
            name: "chunked", head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            wire: "5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\n\r\n", body: "hello world"),
        Row(
            name: "chunked and empty", head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            wire: "0\r\n\r\n", body: ""),
        Row(
            name: "trailers", head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            wire: "3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n", body: "abc", trailers: "X-Sum: 7\r\n"),
    ]

    private static let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Stands for the connection: feeds pieces as they come from the kernel.
    private struct Feeder {
        let pool = BufferPool()
        let reader: RequestReader
        var head = RequestHead()
        var hasHead = false
        var body: [UInt8] = []

        init() {
            reader = RequestReader(limits: RequestLimits(), bytes: pool.take())
        }

        mutating func take(_ piece: ArraySlice<UInt8>) throws {
            let piece = Array(piece)
            guard hasHead else {
                reader.append(piece.span, pool: pool)
                guard try parseHead() else { return }
                return try readBuffered()
            }
            if reader.body.isComplete { return reader.append(piece.span, pool: pool) }
            reader.bodyOutgrew()
            let used = try read(piece.span)
            reader.append(piece.span.extracting(used..<piece.count), pool: pool)
        }

        mutating func parseHead() throws -> Bool {
            let buffer = reader.bytes
            hasHead = try reader.parser.parse(buffer.readable, into: &head)
            if hasHead { reader.headParsed(byteCount: head.byteCount, framing: head.framing) }
            return hasHead
        }

        /// What waits in the reader's buffer.
        var waiting: [UInt8] {
            let buffer = reader.bytes
            return [UInt8](copying: buffer.readable)
        }

        mutating func readBuffered() throws {
            guard !reader.body.isComplete else { return }
            let buffer = reader.bytes
            buffer.consume(try read(buffer.readable))
        }

        /// Returns how many bytes belonged to the body.
        private mutating func read(_ input: Span<UInt8>) throws -> Int {
            var offset = 0
            while true {
                switch try reader.next(input, from: &offset) {
                case .bytes(let range):
                    for index in range { body.append(input[index]) }
                    if reader.endsHere() { return offset }
                case .needMore: return offset
                case .end(let end): return end
                }
            }
        }

        var bodyText: String { String(decoding: body, as: UTF8.self) }
    }

    private func check(_ feeder: Feeder, _ row: Row) {
        #expect(feeder.bodyText == row.body)
        #expect(feeder.reader.body.isComplete)
        if feeder.head.framing == .chunked {
            #expect(String(decoding: feeder.reader.trailers, as: UTF8.self) == row.trailers)
        }
    }

    @Test(arguments: rows) func readsWholeRequestsAtEverySplit(_ row: Row) throws {
        let all = Array((row.head + row.wire + Self.next).utf8)
        for split in 0...all.count {
            var feeder = Feeder()
            try feeder.take(all[..<split])
            try feeder.take(all[split...])
            check(feeder, row)
            // What came behind it is the next request, whole.
            #expect(feeder.reader.startNext())
            #expect(feeder.waiting == Array(Self.next.utf8))
            #expect(try feeder.parseHead())
            #expect(feeder.reader.body == .none && feeder.reader.bytes.isEmpty)
            #expect(!feeder.reader.startNext() && feeder.pool.lentCount == 1)
        }
    }

    @Test(arguments: rows) func readsByteByByte(_ row: Row) throws {
        let all = Array((row.head + row.wire).utf8)
        var feeder = Feeder()
        for index in all.indices { try feeder.take(all[index...index]) }
        check(feeder, row)
        #expect(!feeder.reader.startNext())
    }

    @Test(arguments: rows) func aBodyInMemoryIsReadAgain(_ row: Row) throws {
        var feeder = Feeder()
        try feeder.take(Array((row.head + row.wire + Self.next).utf8)[...])
        for _ in 0..<2 {
            feeder.body = []
            #expect(feeder.reader.rewind())
            try feeder.readBuffered()
            check(feeder, row)
        }
        #expect(feeder.reader.startNext())
        #expect(feeder.waiting == Array(Self.next.utf8))
    }

    @Test func aBodyPartlyReadIsReadFromItsStart() throws {
        let row = Self.rows[3]
        let all = Array((row.head + row.wire).utf8)
        var feeder = Feeder()
        try feeder.take(all[..<(row.head.utf8.count + 6)])
        #expect(!feeder.reader.body.isComplete && feeder.bodyText == "hel")
        feeder.body = []
        #expect(feeder.reader.rewind())
        try feeder.readBuffered()
        #expect(feeder.bodyText == "hel")
        try feeder.take(all[(row.head.utf8.count + 6)...])
        check(feeder, row)
    }

    @Test func aBodyThatOutgrewItsBufferIsNotReadAgain() throws {
        let row = Self.rows[2]
        let all = Array((row.head + row.wire).utf8)
        var feeder = Feeder()
        try feeder.take(all[..<(all.count - 1)])
        #expect(feeder.reader.isRewindable)
        try feeder.take(all[(all.count - 1)...])
        #expect(!feeder.reader.isRewindable && !feeder.reader.rewind())
        // The next request starts afresh.
        _ = feeder.reader.startNext()
        feeder.hasHead = false
        feeder.body = []
        try feeder.take(all[...])
        #expect(feeder.reader.isRewindable)
    }

    @Test func readsOfALengthStopBeforeTheNextRequest() throws {
        let row = Self.rows[2]
        var feeder = Feeder()
        try feeder.take(Array((row.head + "hel").utf8)[...])
        #expect(feeder.reader.readMax == 8 && feeder.reader.body == .length(remaining: 8))
        var chunked = Feeder()
        try chunked.take(Array(Self.rows[3].head.utf8)[...])
        #expect(chunked.reader.readMax == .max)
    }

    @Test func leftoversGrowTheBuffer() throws {
        var random = SeededRandom(seed: 3)
        let row = Self.rows[2]
        var feeder = Feeder()
        let pipelined = random.bytes(100_000)
        let all = Array((row.head + row.wire).utf8) + pipelined
        try feeder.take(all[...])
        check(feeder, row)
        #expect(feeder.reader.startNext())
        #expect(feeder.waiting == pipelined)
        #expect(feeder.pool.lentCount == 1)
    }

    @Test func whatIsLeftOfAChunkIsAnnounced() throws {
        var feeder = Feeder()
        try feeder.take(Array((Self.rows[3].head + "1000\r\nhel").utf8)[...])
        #expect(feeder.reader.announcedByteCount == 0x1000 - 3)
        var plain = Feeder()
        try plain.take(Array((Self.rows[2].head + "hel").utf8)[...])
        #expect(plain.reader.announcedByteCount == 0)
    }

    @Test func brokenChunksAreErrors() throws {
        var feeder = Feeder()
        let head = Self.rows[3].head
        #expect(throws: ChunkError.self) { try feeder.take(Array((head + "zz\r\n").utf8)[...]) }
    }

    /// A pooled reader carries nothing over from the connection that had it before.
    @Test func preparedReadersStartClean() throws {
        var feeder = Feeder()
        try feeder.take(Array((Self.rows[3].head + "5\r\nhel").utf8)[...])
        let reader = feeder.reader
        reader.bytes.clear()
        reader.prepare()
        #expect(reader.body == .none && reader.bytes.isEmpty)
        feeder.hasHead = false
        feeder.body = []
        try feeder.take(Array((Self.rows[3].head + Self.rows[3].wire).utf8)[...])
        check(feeder, Self.rows[3])
    }
}

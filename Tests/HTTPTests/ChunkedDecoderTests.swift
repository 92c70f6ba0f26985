import Bytes
import GatewayTesting
import HTTP
import Testing

@Suite("chunked bodies, RFC 9112 §7.1") struct ChunkedDecoderTests {
    enum Outcome: Equatable, Sendable {
        case body(String, trailers: String, left: Int)
        case incomplete
        case refused(ChunkError)
    }

    /// Decodes the pieces of `bytes` between `ends`, each as an input of its own.
    static func decode(_ bytes: [UInt8], ends: [Int], limits: RequestLimits = RequestLimits()) -> Outcome {
        var decoder = ChunkedDecoder(limits: limits)
        var body: [UInt8] = []
        var start = 0
        for end in ends {
            let piece = bytes.span.extracting(start..<end)
            var offset = 0
            do throws(ChunkError) {
                reading: while true {
                    switch try decoder.next(piece, from: &offset) {
                    case .data(let range): body.append(copying: piece.extracting(range))
                    case .needMore: break reading
                    case .end(let consumed):
                        return .body(
                            String(decoding: body, as: UTF8.self),
                            trailers: String(decoding: decoder.trailers, as: UTF8.self),
                            left: bytes.count - start - consumed)
                    }
                }
            } catch {
                return .refused(error)
            }
            start = end
        }
        return .incomplete
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var input: String
        var outcome: Outcome
        init(_ input: String, _ outcome: Outcome) {
            self.input = input
            self.outcome = outcome
        }
        var testDescription: String { input.debugDescription }
    }

    static let rows: [Row] = [
        Row("0\r\n\r\n", .body("", trailers: "", left: 0)),
        Row("0\r\n\r\nGET", .body("", trailers: "", left: 3)),
        Row("5\r\nhello\r\n0\r\n\r\n", .body("hello", trailers: "", left: 0)),
        Row("a\r\n0123456789\r\nA\r\nabcdefghij\r\n000\r\n\r\n", .body("0123456789abcdefghij", trailers: "", left: 0)),
        Row("0000000000000005\r\nhello\r\n0\r\n\r\n", .body("hello", trailers: "", left: 0)),
        Row("2;a=b;c=\"d e\"\r\n\r\n\r\n0;x\r\n\r\n", .body("\r\n", trailers: "", left: 0)),
        // Quotes do not hide the end of the line.
        Row("1;\"\r\n\"\r\n0\r\n\r\n", .body("\"", trailers: "", left: 0)),
        Row("0\r\nX-Sum: 1\r\n\r\n", .body("", trailers: "X-Sum: 1\r\n", left: 0)),
        Row(
            "0\r\ngrpc-status: 0\r\nHost: a\r\nContent-Length: 1\r\ncontent-md5: x\r\nX: y\r\nAuthorization: z\r\n\r\n",
            .body("", trailers: "grpc-status: 0\r\nX: y\r\n", left: 0)),
        Row(
            "0\r\nTransfer-Encoding: chunked\r\nX-Forwarded-For: a\r\nif-match: b\r\nx_y: z\r\nProxy-X: a\r\n\r\n",
            .body("", trailers: "", left: 0)),
        Row("5\r\nhel", .incomplete),
        Row("5\r\nhello\r\n0\r\n", .incomplete),
        Row("", .incomplete),
        Row("\r\n", .refused(.sizeMissing)),
        Row(";a\r\n", .refused(.sizeMissing)),
        Row("+5\r\n", .refused(.sizeInvalid)),
        Row("-5\r\n", .refused(.sizeInvalid)),
        Row("0x5\r\n", .refused(.sizeInvalid)),
        Row(" 5\r\n", .refused(.sizeInvalid)),
        Row("5 \r\n", .refused(.sizeInvalid)),
        Row("5 ;a\r\n", .refused(.sizeInvalid)),
        Row("5\t\r\n", .refused(.sizeInvalid)),
        Row("g\r\n", .refused(.sizeInvalid)),
        Row("5g\r\n", .refused(.sizeInvalid)),
        Row("5_0\r\n", .refused(.sizeInvalid)),
        Row("00000000000000005\r\n", .refused(.sizeTooLong)),
        Row("8000000000000000\r\n", .refused(.sizeOverflow)),
        Row("ffffffffffffffff\r\n", .refused(.sizeOverflow)),
        Row("5\nhello", .refused(.lineEndInvalid)),
        Row("5\rhello", .refused(.lineEndInvalid)),
        Row("5;a\nhello", .refused(.extensionInvalid)),
        Row("5;a\rhello", .refused(.lineEndInvalid)),
        Row("5;a\u{0}\r\n", .refused(.extensionInvalid)),
        Row("5\r\nhelloX\r\n", .refused(.dataEndInvalid)),
        Row("5\r\nhello\n0\r\n\r\n", .refused(.dataEndInvalid)),
        Row("5\r\nhello\rX", .refused(.dataEndInvalid)),
        Row("5\r\nhello\r\n\r\n", .refused(.sizeMissing)),
        Row("0\r\nX\r\n\r\n", .refused(.trailer(.invalidNameByte))),
        Row("0\r\n\n", .refused(.trailer(.bareLineFeed))),
        Row("0\r\nX: y\n\r\n", .refused(.trailer(.bareLineFeed))),
        Row("0\r\nX: y\rz\r\n\r\n", .refused(.trailer(.bareCarriageReturn))),
        Row("0\r\n X: y\r\n\r\n", .refused(.trailer(.lineFolding))),
        Row("0\r\nX : y\r\n\r\n", .refused(.trailer(.whitespaceBeforeColon))),
        Row("0\r\nX: \u{1}\r\n\r\n", .refused(.trailer(.controlByteInValue))),
        Row("0\r\n\rX", .refused(.trailer(.bareCarriageReturn))),
    ]

    @Test(arguments: rows) func decodes(_ row: Row) {
        let bytes = Array(row.input.utf8)
        #expect(Self.decode(bytes, ends: [bytes.count]) == row.outcome)
    }

    @Test(arguments: rows) func decodesAtEverySplit(_ row: Row) {
        let bytes = Array(row.input.utf8)
        for split in 0...bytes.count {
            #expect(Self.decode(bytes, ends: [split, bytes.count]) == row.outcome)
        }
        #expect(Self.decode(bytes, ends: Array(0...bytes.count)) == row.outcome)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func mutations(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let row = Self.rows[Int.random(in: 0..<Self.rows.count, using: &random)]
            guard !row.input.isEmpty else { continue }
            let bytes = SplitInvarianceTests.mutated(Array(row.input.utf8), random: &random)
            let whole = Self.decode(bytes, ends: [bytes.count])
            let ends = SplitInvarianceTests.randomEnds(bytes.count, random: &random)
            #expect(Self.decode(bytes, ends: ends) == whole, "\(bytes) \(ends)")
        }
    }

    @Test func boundsExtensionsPerBody() {
        let limits = RequestLimits(chunkExtensionBytesMax: 4)
        let fits = Array("1;a\r\nx\r\n1;b\r\ny\r\n0\r\n\r\n".utf8)
        #expect(Self.decode(fits, ends: [fits.count], limits: limits) == .body("xy", trailers: "", left: 0))
        let exceeds = Array("1;a\r\nx\r\n1;bc\r\ny\r\n0\r\n\r\n".utf8)
        #expect(Self.decode(exceeds, ends: [exceeds.count], limits: limits) == .refused(.extensionsTooLarge))
    }

    @Test func boundsTrailers() {
        let bytes = Array("0\r\nA: b\r\nC: d\r\n\r\n".utf8)
        let size = "A: b\r\nC: d\r\n\r\n".utf8.count
        let exact = RequestLimits(headerCountMax: 2, trailerBytesMax: size)
        #expect(
            Self.decode(bytes, ends: [bytes.count], limits: exact) == .body("", trailers: "A: b\r\nC: d\r\n", left: 0))
        let small = RequestLimits(trailerBytesMax: size - 1)
        #expect(Self.decode(bytes, ends: [bytes.count], limits: small) == .refused(.trailerTooLarge))
        let few = RequestLimits(headerCountMax: 1)
        #expect(Self.decode(bytes, ends: [bytes.count], limits: few) == .refused(.trailer(.tooManyFields)))
    }

    @Test func staysEndedUntilReset() throws {
        var decoder = ChunkedDecoder(limits: RequestLimits())
        let bytes = Array("0\r\nX: y\r\n\r\n5\r\n".utf8)
        var offset = 0
        #expect(try decoder.next(bytes.span, from: &offset) == .end(consumed: 11))
        #expect(try decoder.next(bytes.span, from: &offset) == .end(consumed: 11))
        #expect(decoder.isEnded)
        decoder.reset()
        #expect(!decoder.isEnded)
        #expect(decoder.trailers.isEmpty)
        #expect(try decoder.next(bytes.span, from: &offset) == .needMore)
        #expect(offset == bytes.count)
    }

    @Test(arguments: ChunkError.allCases) func everyRefusalHasAnExplanation(_ error: ChunkError) {
        #expect(error.explanation.utf8CodeUnitCount > 0)
    }
}

import Bytes
import GatewayTesting
import HTTP
import Testing

/// However bytes are split over reads, the outcome is that of one read.
@Suite("incremental parsing") struct SplitInvarianceTests {
    static let requests: [String] =
        RequestParserAcceptanceTests.rows.map { $0.head + "BODY" }
        + RequestParserTests.lineRefusals.map { $0.head + "Host: a\r\n\r\n" }
        + RequestParserTests.fieldRefusals.map { "GET / HTTP/1.1\r\nHost: a\r\n" + $0.head + "\r\n" }
    static let responses: [String] =
        ResponseParserTests.rows.map { $0.head + "BODY" } + ResponseParserTests.refusals.map { $0.head + "\r\n\r\n" }

    @Test(arguments: requests) func requestHeads(_ text: String) {
        let bytes = Array(text.utf8)
        let whole = parseRequest(bytes, ends: [bytes.count])
        for split in 0...bytes.count {
            #expect(parseRequest(bytes, ends: [split, bytes.count]) == whole)
        }
        #expect(parseRequest(bytes, ends: Array(0...bytes.count)) == whole)
    }

    @Test(arguments: responses) func responseHeads(_ text: String) {
        let bytes = Array(text.utf8)
        let whole = parseResponse(bytes, ends: [bytes.count])
        for split in 0...bytes.count {
            #expect(parseResponse(bytes, ends: [split, bytes.count]) == whole)
        }
        #expect(parseResponse(bytes, ends: Array(0...bytes.count)) == whole)
    }

    /// Limits close to the sizes in use, so that errors and limits meet at every distance.
    @Test(arguments: 10..<70) func requestHeadsAtLimits(_ limit: Int) {
        let limits = RequestLimits(lineBytesMax: limit, headBytesMax: limit, headerCountMax: 3)
        for text in Self.requests where text.utf8.count < 160 {
            let bytes = Array(text.utf8)
            let whole = parseRequest(bytes, ends: [bytes.count], limits: limits)
            #expect(parseRequest(bytes, ends: Array(0...bytes.count), limits: limits) == whole)
        }
    }

    static func mutated(_ bytes: [UInt8], random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        let interesting = Array("\r\n\t :;,#?%/*@[]\"\0\u{7F}_-0159afAF".utf8) + [0x80, 0xFF]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[at] = interesting[Int.random(in: 0..<interesting.count, using: &random)]
            case 2: bytes.insert(interesting[Int.random(in: 0..<interesting.count, using: &random)], at: at)
            case 3: if bytes.count > 1 { bytes.remove(at: at) }
            default: bytes.insert(contentsOf: bytes[0...at].suffix(12), at: at)
            }
        }
        return bytes
    }

    static func randomEnds(_ count: Int, random: inout SeededRandom) -> [Int] {
        var ends = [count]
        for _ in 0..<Int.random(in: 1...6, using: &random) { ends.append(Int.random(in: 0...count, using: &random)) }
        return ends.sorted()
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func mutatedRequestHeads(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let limits = RequestLimits(lineBytesMax: 60, headBytesMax: 120, headerCountMax: 4)
        for round in 0..<1000 {
            let source = Self.requests[Int.random(in: 0..<Self.requests.count, using: &random)]
            // A line is judged when its end has come, so it must come.
            let bytes = Self.mutated(Array(source.utf8), random: &random) + Array("\r\n\r\n".utf8)
            let used = round % 2 == 0 ? limits : RequestLimits()
            let whole = parseRequest(bytes, ends: [bytes.count], limits: used)
            let ends = Self.randomEnds(bytes.count, random: &random)
            #expect(parseRequest(bytes, ends: ends, limits: used) == whole, "\(bytes) \(ends)")
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func mutatedResponseHeads(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<1000 {
            let source = Self.responses[Int.random(in: 0..<Self.responses.count, using: &random)]
            // A line is judged when its end has come, so it must come.
            let bytes = Self.mutated(Array(source.utf8), random: &random) + Array("\r\n\r\n".utf8)
            let whole = parseResponse(bytes, ends: [bytes.count])
            let ends = Self.randomEnds(bytes.count, random: &random)
            #expect(parseResponse(bytes, ends: ends) == whole, "\(bytes) \(ends)")
        }
    }
}

import Bytes
import HTTP
import Testing

@testable import Plugins

@Suite struct HeadersFilterTests {
    private static func edits(
        remove: [String] = [], set: [(String, String)] = [], add: [(String, String)] = []
    ) -> HeadersFilter.Edits {
        var edits = HeadersFilter.Edits()
        edits.remove = remove.map { Array($0.utf8) }
        edits.set = set.map { HeaderPair(name: Array($0.0.utf8), value: Array($0.1.utf8)) }
        edits.add = add.map { HeaderPair(name: Array($0.0.utf8), value: Array($0.1.utf8)) }
        return edits
    }

    /// The lines of a response with `edits` applied, without those that the gateway adds.
    private func lines(_ head: String, _ edits: HeaderEdits) throws -> [String] {
        let bytes = Array(head.utf8)
        var parser = ResponseParser(limits: RequestLimits())
        var parsed = ResponseHead()
        try #require(try parser.parse(bytes.span, into: &parsed, requestMethod: .get))
        let date = ByteBuffer(capacity: 64)
        date.append("Sun, 06 Nov 1994 08:49:37 GMT")
        let out = ByteBuffer(capacity: ResponseWriter.byteCountMax(parsed, edits: edits))
        ResponseWriter.write(
            parsed, bytes: bytes.span, framing: parsed.framing, clientMinorVersion: 1, closes: false,
            date: date.readable, edits: edits, into: out)
        var written: [UInt8] = []
        for index in 0..<out.readableCount { written.append(out.readable[index]) }
        let all = String(decoding: written, as: UTF8.self).split(separator: "\r\n").dropFirst().map(String.init)
        return all.filter { line in
            !["date:", "content-length:", "via:", "connection:"].contains { line.lowercased().hasPrefix($0) }
        }
    }

    private let head =
        "HTTP/1.1 200 OK\r\nX-Keep: 1\r\nX-Old: 2\r\nx-old: 3\r\nServer: origin\r\nContent-Length: 0\r\n\r\n"

    @Test func removesSetsAndAdds() throws {
        let filter = HeadersFilter(
            name: "edits", request: Self.edits(),
            response: Self.edits(remove: ["X-OLD"], set: [("server", "gateway")], add: [("x-keep", "more")]))
        let exchange = FakeFilterExchange()
        #expect(filter.onResponse(exchange).isProceed)
        #expect(exchange.requestEdits.isEmpty)
        let written = try lines(head, exchange.responseEdits)
        #expect(Set(written) == ["X-Keep: 1", "server: gateway", "x-keep: more"] && written.count == 3)
    }

    /// The order is remove, set, add: a name may be emptied and filled again.
    @Test func aRemovedNameMayBeAddedAgain() throws {
        let filter = HeadersFilter(
            name: "edits", request: Self.edits(),
            response: Self.edits(remove: ["x-old"], add: [("x-old", "a"), ("x-old", "b")]))
        let exchange = FakeFilterExchange()
        _ = filter.onResponse(exchange)
        let written = try lines(head, exchange.responseEdits)
        #expect(written.filter { $0.lowercased().hasPrefix("x-old") } == ["x-old: a", "x-old: b"])
    }

    @Test func eachDirectionHasItsOwnEdits() {
        let filter = HeadersFilter(
            name: "edits", request: Self.edits(set: [("x-a", "1")]), response: Self.edits(set: [("x-b", "2")]))
        #expect(filter.name == "edits")
        let exchange = FakeFilterExchange()
        #expect(filter.onRequest(exchange).isProceed)
        #expect(!exchange.requestEdits.isEmpty && exchange.responseEdits.isEmpty)
        let requestCount = exchange.requestEdits.byteCount
        #expect(filter.onResponse(exchange).isProceed)
        #expect(!exchange.responseEdits.isEmpty && exchange.requestEdits.byteCount == requestCount)
    }

    /// What would change where a message ends is refused below the filter.
    @Test(arguments: ["content-length", "transfer-encoding", "connection", "bad name", ""])
    func framingIsOutOfReach(_ name: String) {
        let filter = HeadersFilter(
            name: "edits", request: Self.edits(),
            response: Self.edits(remove: [name], set: [(name, "1")], add: [(name, "2")]))
        let exchange = FakeFilterExchange()
        #expect(filter.onResponse(exchange).isProceed)
        #expect(exchange.responseEdits.isEmpty)
    }
}

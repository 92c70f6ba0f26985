import HTTP
import Telemetry
import Testing

@testable import Plugins

@Suite struct RequestSizeFilterTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var framing: BodyFraming
        var limit = 100
        var requiresLength = false
        var refusal: (status: Int, reason: EndReason)?
        var testDescription: String { "\(framing) limit \(limit)\(requiresLength ? ", length required" : "")" }
    }

    static let rows: [Row] = [
        Row(framing: .none),
        Row(framing: .none, requiresLength: true),
        Row(framing: .length(0)),
        Row(framing: .length(100)),
        Row(framing: .length(100), requiresLength: true),
        Row(framing: .length(101), refusal: (413, .bodyTooLarge)),
        Row(framing: .length(.max), requiresLength: true, refusal: (413, .bodyTooLarge)),
        Row(framing: .length(1), limit: 0, refusal: (413, .bodyTooLarge)),
        Row(framing: .length(0), limit: 0),
        Row(framing: .chunked),
        Row(framing: .chunked, requiresLength: true, refusal: (411, .lengthRequired)),
        Row(framing: .untilClose),
        Row(framing: .untilClose, requiresLength: true, refusal: (411, .lengthRequired)),
    ]

    @Test(arguments: rows) func decides(_ row: Row) {
        let filter = RequestSizeFilter(name: "size", limit: row.limit, requiresLength: row.requiresLength)
        let exchange = FakeFilterExchange()
        exchange.requestFraming = row.framing
        let verdict = filter.onRequest(exchange)
        if let refusal = row.refusal {
            #expect(verdict.response?.status == refusal.status && verdict.response?.reason == refusal.reason)
            #expect(exchange.bodyLimits.isEmpty)
        } else {
            #expect(verdict.isProceed)
            // What is not announced is counted.
            #expect(exchange.bodyLimits == [row.limit])
        }
    }

    @Test func needsNoBodyInMemory() {
        let filter = RequestSizeFilter(name: "size", limit: 1, requiresLength: false)
        #expect(filter.name == "size" && filter.requestBodyNeed == .none && filter.responseBodyNeed == .none)
    }
}

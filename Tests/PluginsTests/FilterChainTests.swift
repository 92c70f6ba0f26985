import Testing

@testable import Plugins

@Suite struct FilterChainTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var left: BodyNeed
        var right: BodyNeed
        var both: BodyNeed
        var testDescription: String { "\(left) with \(right)" }
    }

    static let rows: [Row] = [
        Row(left: .none, right: .none, both: .none),
        Row(left: .none, right: .stream, both: .stream),
        Row(left: .none, right: .buffer(limit: 5), both: .buffer(limit: 5)),
        Row(left: .stream, right: .stream, both: .stream),
        Row(left: .stream, right: .buffer(limit: 5), both: .buffer(limit: 5)),
        Row(left: .buffer(limit: 5), right: .buffer(limit: 5), both: .buffer(limit: 5)),
        Row(left: .buffer(limit: 5), right: .buffer(limit: 9), both: .buffer(limit: 5)),
        Row(left: .buffer(limit: 0), right: .buffer(limit: 9), both: .buffer(limit: 0)),
    ]

    @Test(arguments: rows) func needsCombine(_ row: Row) {
        #expect(row.left.combined(with: row.right) == row.both)
        #expect(row.right.combined(with: row.left) == row.both)
    }

    private final class NeedyFilter: Filter {
        let name: String
        let requestBodyNeed: BodyNeed
        let responseBodyNeed: BodyNeed

        init(_ name: String, request: BodyNeed, response: BodyNeed) {
            self.name = name
            requestBodyNeed = request
            responseBodyNeed = response
        }
    }

    @Test func aChainNeedsWhatItsFiltersNeed() {
        let chain = FilterChain([
            NeedyFilter("a", request: .none, response: .stream),
            NeedyFilter("b", request: .buffer(limit: 100), response: .none),
            NeedyFilter("c", request: .buffer(limit: 40), response: .none),
            NeedyFilter("d", request: .stream, response: .none),
        ])
        #expect(chain.count == 4 && chain.filters.map(\.name) == ["a", "b", "c", "d"])
        #expect(chain.requestBodyNeed == .buffer(limit: 40))
        #expect(chain.responseBodyNeed == .stream)
    }

    @Test func anEmptyChainNeedsNothing() {
        let chain = FilterChain([])
        #expect(chain.count == 0 && chain.requestBodyNeed == .none && chain.responseBodyNeed == .none)
    }
}

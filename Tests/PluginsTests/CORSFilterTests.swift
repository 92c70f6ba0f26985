import Config
import HTTP
import Telemetry
import Testing

@testable import Plugins

@Suite struct CORSFilterTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var origins: [CORSFilterConfig.Origin]
        var origin: String
        var isAllowed: Bool
        var testDescription: String { "\(origin) among \(origins)" }
    }

    private static let exact: [CORSFilterConfig.Origin] = [.exact("https://a.example")]
    private static let below: [CORSFilterConfig.Origin] = [.below(scheme: "https", suffix: ".a.example")]
    private static let pattern: [CORSFilterConfig.Origin] = [.regex(#"https://([a-z]+\.)?a\.example"#)]

    static let rows: [Row] = [
        Row(origins: exact, origin: "https://a.example", isAllowed: true),
        Row(origins: exact, origin: "http://a.example", isAllowed: false),
        Row(origins: exact, origin: "https://a.example:8443", isAllowed: false),
        Row(origins: exact, origin: "https://A.EXAMPLE", isAllowed: false),
        Row(origins: exact, origin: "https://a.example.evil.org", isAllowed: false),
        Row(origins: exact, origin: "https://evil-a.example", isAllowed: false),
        Row(origins: exact, origin: "https://a.example/", isAllowed: false),
        Row(origins: exact, origin: "https://a.example@evil.org", isAllowed: false),
        Row(origins: exact, origin: "null", isAllowed: false),
        Row(origins: [.exact("null")], origin: "null", isAllowed: true),
        Row(origins: [.exact("null")], origin: "NULL", isAllowed: false),
        Row(origins: below, origin: "https://x.a.example", isAllowed: true),
        Row(origins: below, origin: "https://x.y.a.example", isAllowed: true),
        Row(origins: below, origin: "https://a.example", isAllowed: false),
        Row(origins: below, origin: "https://.a.example", isAllowed: false),
        Row(origins: below, origin: "https://xa.example", isAllowed: false),
        Row(origins: below, origin: "https://x.a.example.evil.org", isAllowed: false),
        Row(origins: below, origin: "https://evil.org/.a.example", isAllowed: false),
        Row(origins: below, origin: "https://evil.org:1@x.a.example", isAllowed: false),
        Row(origins: below, origin: "http://x.a.example", isAllowed: false),
        Row(origins: pattern, origin: "https://x.a.example", isAllowed: true),
        Row(origins: pattern, origin: "https://a.example", isAllowed: true),
        Row(origins: pattern, origin: "https://a.example.evil.org", isAllowed: false),
        Row(origins: pattern, origin: "xhttps://a.example", isAllowed: false),
        Row(origins: pattern, origin: "https://axexample", isAllowed: false),
        Row(origins: [.any], origin: "https://anybody", isAllowed: true),
    ]

    private func filter(_ origins: [CORSFilterConfig.Origin], _ change: (inout CORSFilterConfig) -> Void = { _ in })
        -> CORSFilter
    {
        var config = CORSFilterConfig()
        config.origins = origins.map { Located($0) }
        change(&config)
        return CORSFilter(name: "cors", config)
    }

    @Test(arguments: rows) func origins(_ row: Row) {
        let filter = filter(row.origins)
        let exchange = FakeFilterExchange()
        exchange.receive("GET / HTTP/1.1", "Host: a", "Origin: \(row.origin)")
        #expect(filter.onRequest(exchange).isProceed)
        _ = filter.onResponse(exchange)
        let edits = exchange.responseEdits.description
        let expected = row.origins == [.any] ? "*" : row.origin
        #expect(edits.contains("=access-control-allow-origin: \(expected)") == row.isAllowed, "\(edits)")
        #expect(edits.contains("+vary: Origin") == (row.origins != [.any]))
        #expect(edits.contains("-access-control-allow-credentials"), "the upstream's own is dropped")
    }

    @Test func answersVaryWithoutAnOriginToo() {
        let exchange = FakeFilterExchange()
        exchange.receive("GET / HTTP/1.1", "Host: a")
        #expect(filter(Self.exact).onRequest(exchange).isProceed)
        #expect(exchange.responseEdits.description == "+vary: Origin")
    }

    private func preflight(_ filter: CORSFilter, _ lines: String...) -> [String: String]? {
        let exchange = FakeFilterExchange()
        exchange.receive(
            "OPTIONS / HTTP/1.1", "Host: a", lines[0], lines.count > 1 ? lines[1] : "X-A: b",
            lines.count > 2 ? lines[2] : "X-B: b", lines.count > 3 ? lines[3] : "X-C: b")
        guard case .respond(let answer) = filter.onRequest(exchange) else { return nil }
        #expect(answer.status == 204)
        var fields: [String: String] = [:]
        for pair in answer.headers {
            fields[String(decoding: pair.name, as: UTF8.self)] = String(decoding: pair.value, as: UTF8.self)
        }
        return fields
    }

    @Test func preflightsAreAnswered() throws {
        let filter = filter(Self.exact) {
            $0.credentials = true
            $0.privateNetwork = true
        }
        let fields = try #require(
            preflight(
                filter, "Origin: https://a.example", "Access-Control-Request-Method: PUT",
                "Access-Control-Request-Private-Network: true"))
        #expect(fields["access-control-allow-origin"] == "https://a.example")
        #expect(fields["access-control-allow-methods"] == "GET, HEAD, POST, PUT, PATCH, DELETE")
        #expect(fields["access-control-allow-headers"] == "authorization, content-type")
        #expect(fields["access-control-allow-credentials"] == "true")
        #expect(fields["access-control-allow-private-network"] == "true")
        #expect(fields["access-control-max-age"] == "600")
        #expect(fields["vary"]?.hasPrefix("Origin, ") == true)
        let refused = try #require(preflight(filter, "Origin: https://evil", "Access-Control-Request-Method: PUT"))
        #expect(Array(refused.keys) == ["vary"])
        #expect(preflight(filter, "Origin: https://a.example") == nil, "no preflight without a method")
        #expect(preflight(filter, "Access-Control-Request-Method: PUT") == nil, "nor without an origin")
    }

    @Test func anyHeaderMeansThoseThatWereAskedFor() throws {
        let filter = filter([.any]) { $0.headers = ["*"] }
        let fields = try #require(
            preflight(
                filter, "Origin: https://a", "Access-Control-Request-Method: PUT",
                "Access-Control-Request-Headers: x-one,authorization"))
        #expect(fields["access-control-allow-headers"] == "x-one,authorization")
        #expect(fields["access-control-allow-origin"] == "*")
        let odd = try #require(
            preflight(
                filter, "Origin: https://a", "Access-Control-Request-Method: PUT",
                "Access-Control-Request-Headers: x\"; evil"))
        #expect(odd["access-control-allow-headers"] == nil)
    }

    @Test func itComesFirstInItsChain() {
        let headers = HeadersFilter(name: "h", request: .init(), response: .init())
        let chain = FilterChain([headers, filter([.any])])
        #expect(chain.filters.map(\.name) == ["cors", "h"])
        #expect(chain.answersPreflights)
        #expect(!FilterChain([headers]).answersPreflights)
    }
}

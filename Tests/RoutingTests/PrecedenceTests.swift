import Config
import Testing

@testable import Routing

@Suite("which route wins") struct PrecedenceTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var rule: String
        var first: RouteConfig
        var second: RouteConfig
        var request: String
        var headers: [(name: String, value: String)] = []
        var testDescription: String { rule }
    }

    /// In each row the route named "first" must win, in either order of the file.
    static let rows: [Row] = [
        Row(
            rule: "exact host before wildcard", first: route("first", hosts: ["a.example.com"]),
            second: route("second", "/x", hosts: ["*.example.com"]), request: "GET a.example.com/x"),
        Row(
            rule: "longer wildcard before shorter", first: route("first", hosts: ["*.b.example.com"]),
            second: route("second", "/x", hosts: ["*.example.com"]), request: "GET a.b.example.com/x"),
        Row(
            rule: "wildcard before any host", first: route("first", hosts: ["*.example.com"]),
            second: route("second", "/x"), request: "GET a.example.com/x"),
        Row(
            rule: "exact before parameter", first: route("first", "/a/b"), second: route("second", "/a/{x}"),
            request: "GET /a/b"),
        Row(
            rule: "parameter before prefix", first: route("first", "/a/{x}"), second: route("second", "/a/*"),
            request: "GET /a/c"),
        Row(
            rule: "exact before prefix of the same text", first: route("first", "/a"), second: route("second", "/a/*"),
            request: "GET /a"),
        Row(
            rule: "leftmost literal first", first: route("first", "/a/{y}/{z}"), second: route("second", "/{x}/b/c"),
            request: "GET /a/b/c"),
        Row(
            rule: "longer prefix", first: route("first", "/a/b/*"), second: route("second", "/a/*"),
            request: "GET /a/b/c"),
        Row(
            rule: "literal prefix before parameter", first: route("first", "/a/b/*"), second: route("second", "/a/{x}"),
            request: "GET /a/b"),
        Row(
            rule: "prefix before regular expression", first: route("first", "/a/*"), second: route("second", "~^/a/b$"),
            request: "GET /a/b"),
        Row(
            rule: "with method before without", first: route("first", "/a", methods: ["GET"]),
            second: route("second", "/a", headers: [("x-a", .exact("1"))]), request: "GET /a", headers: [("x-a", "1")]),
        Row(
            rule: "more header conditions",
            first: route("first", "/a", headers: [("x-a", .exact("1")), ("x-b", .present)]),
            second: route("second", "/a", headers: [("x-a", .exact("1"))], query: [("v", .present)]),
            request: "GET /a?v=2", headers: [("x-a", "1"), ("x-b", "1")]),
        Row(
            rule: "more query conditions", first: route("first", "/a", query: [("v", .exact("2"))]),
            second: route("second", "/a", priority: 9), request: "GET /a?v=2"),
        Row(
            rule: "higher priority", first: route("first", "/a", query: [("v", .present)], priority: 1),
            second: route("second", "/a", query: [("w", .present)]), request: "GET /a?v=2&w=3"),
        Row(
            rule: "named HEAD before implied", first: route("first", "/a", methods: ["HEAD"]),
            second: route("second", "/a", methods: ["GET"]), request: "HEAD /a"),
    ]

    @Test(arguments: rows) func firstWinsInEitherOrder(_ row: Row) throws {
        let request = Request(row.request, headers: row.headers)
        for routes in [[row.first, row.second], [row.second, row.first]] {
            #expect(winner(of: request, in: try RouteTable(compiling: routes)) == "first")
        }
    }

    @Test func regularExpressionsGoInTheOrderOfTheFile() throws {
        let one = route("one", "~^/a")
        let two = route("two", "~b$")
        #expect(winner(of: Request("GET /ab"), in: try RouteTable(compiling: [one, two])) == "one")
        #expect(winner(of: Request("GET /ab"), in: try RouteTable(compiling: [two, one])) == "two")
    }

    @Test func everyRuleSaysWhatItIs() {
        let summaries = Precedence.Rule.allCases.map(\.summary)
        #expect(Set(summaries).count == Precedence.Rule.allCases.count)
    }
}

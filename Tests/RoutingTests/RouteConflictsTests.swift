import Config
import Testing

@testable import Routing

@Suite struct RouteConflictsTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var what: String
        var routes: [RouteConfig]
        var codes: [String]
        var testDescription: String { what }
    }

    static let rows: [Row] = [
        Row(what: "same path", routes: [route("a", "/x"), route("b", "/x")], codes: ["ambiguous-routes"]),
        Row(
            what: "same shape, other names", routes: [route("a", "/{x}"), route("b", "/{y}")],
            codes: ["ambiguous-routes"]),
        Row(what: "same expression", routes: [route("a", "~^/x"), route("b", "~^/x")], codes: ["ambiguous-routes"]),
        Row(
            what: "overlapping methods",
            routes: [
                route("a", "/x", methods: ["GET", "PUT"]), route("b", "/x", methods: ["PUT"]),
            ], codes: ["ambiguous-routes"]),
        Row(
            what: "unlike headers",
            routes: [
                route("a", "/x", headers: [("h", .present)]), route("b", "/x", headers: [("i", .present)]),
            ], codes: ["ambiguous-routes"]),
        Row(
            what: "one shared host of two",
            routes: [
                route("a", "/x", hosts: ["a.com", "b.com"]), route("b", "/x", hosts: ["b.com", "c.com"]),
            ], codes: ["ambiguous-routes"]),
        Row(
            what: "two shared hosts are one error",
            routes: [
                route("a", "/x", hosts: ["a.com", "b.com"]), route("b", "/x", hosts: ["b.com", "a.com"]),
            ], codes: ["ambiguous-routes"]),
        Row(
            what: "disjoint methods",
            routes: [
                route("a", "/x", methods: ["GET"]), route("b", "/x", methods: ["PUT"]),
            ], codes: []),
        Row(
            what: "HEAD named beside GET",
            routes: [
                route("a", "/x", methods: ["GET"]), route("b", "/x", methods: ["HEAD"]),
            ], codes: []),
        Row(
            what: "two values of a header",
            routes: [
                route("a", "/x", headers: [("H", .exact("1"))]), route("b", "/x", headers: [("h", .exact("2"))]),
            ], codes: []),
        Row(
            what: "present and absent",
            routes: [
                route("a", "/x", headers: [("h", .present)]), route("b", "/x", headers: [("h", .absent)]),
            ], codes: []),
        Row(
            what: "a value the expression does not fit",
            routes: [
                route("a", "/x", query: [("v", .regex("^[0-9]$"))]), route("b", "/x", query: [("v", .exact("x"))]),
            ], codes: []),
        Row(
            what: "a value the expression fits",
            routes: [
                route("a", "/x", query: [("v", .regex("^[0-9]$"))]), route("b", "/x", query: [("v", .exact("1"))]),
            ], codes: ["ambiguous-routes"]),
        Row(
            what: "other hosts", routes: [route("a", "/x", hosts: ["a.com"]), route("b", "/x", hosts: ["b.com"])],
            codes: []),
        Row(
            what: "priority",
            routes: [
                route("a", "/x", headers: [("h", .present)]), route("b", "/x", headers: [("i", .present)], priority: 1),
            ], codes: []),
    ]

    @Test(arguments: rows) func ambiguity(_ row: Row) {
        #expect(errorCodes { _ = try RouteTable(compiling: row.routes) } == row.codes)
        #expect(errorCodes { _ = try RouteTable(compiling: row.routes.reversed()) } == row.codes)
    }

    @Test func anAmbiguityNamesBothRoutesAndPlaces() throws {
        let failure = try #require(throws: ConfigFailure.self) {
            _ = try RouteTable(compiling: [route("one", "/x", line: 3), route("two", "/x", line: 9)])
        }
        let text = failure.description
        for part in ["\"one\"", "\"two\"", "gateway.yaml:3:5", "gateway.yaml:9:5"] { #expect(text.contains(part)) }
    }

    static let shadowRows: [Row] = [
        Row(
            what: "same match, higher priority", routes: [route("a", "/x", priority: 1), route("b", "/x")], codes: ["b"]
        ),
        Row(
            what: "part of the methods",
            routes: [
                route("a", "/x", methods: ["GET", "PUT"], priority: 1), route("b", "/x", methods: ["PUT"]),
            ], codes: ["b"]),
        Row(
            what: "methods shared out",
            routes: [
                route("a", "/x", methods: ["GET"], priority: 2), route("b", "/x", methods: ["PUT"], priority: 1),
                route("c", "/x", methods: ["PUT", "GET"]),
            ], codes: ["c"]),
        Row(
            what: "more methods",
            routes: [
                route("a", "/x", methods: ["PUT"], priority: 1), route("b", "/x", methods: ["GET", "PUT"]),
            ], codes: []),
        Row(
            what: "present covers a value",
            routes: [
                route("a", "/x", headers: [("h", .present)], priority: 1),
                route("b", "/x", headers: [("h", .exact("1"))]),
            ], codes: ["b"]),
        Row(
            what: "other condition",
            routes: [
                route("a", "/x", headers: [("h", .present)], priority: 1), route("b", "/x", headers: [("i", .present)]),
            ], codes: []),
        Row(what: "expression under a catch-all", routes: [route("a", "/*"), route("b", "~^/x")], codes: ["b"]),
        Row(what: "expression under a prefix", routes: [route("a", "/x/*"), route("b", "~^/x/[0-9]")], codes: ["b"]),
        Row(what: "expression beside a prefix", routes: [route("a", "/x/*"), route("b", "~^/x[0-9]")], codes: []),
        Row(
            what: "catch-all with a condition", routes: [route("a", "/*", methods: ["GET"]), route("b", "~^/x")],
            codes: []),
        Row(
            what: "one host of two",
            routes: [
                route("a", "/x", hosts: ["a.com"], priority: 1), route("b", "/x", hosts: ["a.com", "b.com"]),
            ], codes: []),
    ]

    @Test(arguments: shadowRows) func shadows(_ row: Row) throws {
        let table = try RouteTable(compiling: row.routes)
        #expect(
            table.warnings.map { $0.path }
                == row.codes.map { name in
                    "routes[\(row.routes.firstIndex { $0.name == name } ?? -1)]"
                })
        #expect(table.warnings.allSatisfy { $0.code == "shadowed-route" && $0.message.contains("\"a\"") })
    }
}

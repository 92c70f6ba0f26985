import Config
import Testing

@testable import Routing

@Suite struct PredicateTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var test: MatchConfig.ValueCondition
        var given: [String]
        var holds: Bool
        var testDescription: String { "\(test) on \(given)" }
    }

    static let rows: [Row] = [
        Row(test: .exact("1"), given: ["1"], holds: true), Row(test: .exact("1"), given: ["2"], holds: false),
        Row(test: .exact("a"), given: ["A"], holds: false), Row(test: .exact("1"), given: [], holds: false),
        Row(test: .exact(" 1\t"), given: ["1"], holds: true), Row(test: .exact(""), given: [""], holds: true),
        Row(test: .regex("^b"), given: ["bc"], holds: true), Row(test: .regex("^b"), given: ["ab"], holds: false),
        Row(test: .present, given: [""], holds: true), Row(test: .present, given: [], holds: false),
        Row(test: .absent, given: [], holds: true), Row(test: .absent, given: ["x"], holds: false),
    ]

    /// `x-beta` is compared by its text, `origin` by its number.
    @Test(arguments: rows, ["X-Beta", "Origin"]) func fields(_ row: Row, _ name: String) throws {
        let table = try RouteTable(compiling: [route("r", headers: [(name, row.test)])])
        let headers = row.given.map { (name: name.lowercased(), value: $0) }
        let decoys = [(name: "x-bet", value: "1"), (name: "accept", value: "1")]
        #expect((winner(of: Request("GET /", headers: decoys + headers), in: table) == "r") == row.holds)
    }

    @Test func anyLineOfAFieldWillDo() throws {
        let table = try RouteTable(compiling: [route("r", headers: [("x-a", .exact("2"))])])
        #expect(winner(of: Request("GET /", headers: [("x-a", "1"), ("X-A", "2")]), in: table) == "r")
    }

    @Test(arguments: [
        (MatchConfig.ValueCondition.exact("2"), "v=2", true), (.exact("2"), "a=1&v=2&b", true),
        (.exact("2"), "v=1&v=2", false), (.exact("a b"), "v=a+b", true), (.exact("a b"), "v=a%20b", true),
        (.exact("2"), "%76=%32", true), (.exact("é"), "v=%C3%A9", true), (.exact("%"), "v=%", true),
        (.exact("%2"), "v=%2", true), (.exact(""), "v", true), (.exact(""), "v=", true), (.exact("a=b"), "v=a=b", true),
        (.exact("2"), "vv=2", false), (.exact("2"), "V=2", false), (.exact("2"), "", false), (.present, "&&v", true),
        (.absent, "w=1", true), (.absent, "v", false), (.regex("^a b$"), "v=a+b", true), (.regex("^b"), "v=ab", false),
    ])
    func query(_ test: MatchConfig.ValueCondition, _ query: String, _ expected: Bool) throws {
        let table = try RouteTable(compiling: [route("r", query: [("v", test)])])
        #expect((winner(of: Request("GET /?" + query), in: table) == "r") == expected)
    }
}

import Testing

@testable import Config

@Suite("did you mean") struct SuggestionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var typed: String
        var candidates: [String]
        var expected: String?
        var testDescription: String { typed.debugDescription }
    }

    static let rows: [Row] = [
        Row(typed: "upsteam", candidates: ["upstream", "split"], expected: "upstream"),
        Row(typed: "Upstream", candidates: ["upstream"], expected: "upstream"),
        Row(typed: "strip-prefix", candidates: ["strip_prefix"], expected: "strip_prefix"),
        Row(typed: "ruotes", candidates: ["routes", "limits"], expected: "routes"),
        Row(typed: "nonsense", candidates: ["routes", "limits"], expected: nil),
        Row(typed: "", candidates: ["a"], expected: nil),
        Row(typed: "ab", candidates: ["b", "a"], expected: "a"),
        Row(typed: "x", candidates: [], expected: nil),
    ]

    @Test(arguments: rows) func findsTheNearest(_ row: Row) {
        #expect(Suggestion.nearest(to: row.typed, among: row.candidates) == row.expected)
    }

    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3),
    ])
    func countsEdits(_ left: String, _ right: String, _ edits: Int) {
        #expect(Suggestion.distance(Array(left.utf8), Array(right.utf8)) == edits)
        #expect(Suggestion.distance(Array(right.utf8), Array(left.utf8)) == edits)
    }
}

import Testing

@testable import HTTP

@Suite struct ParametersTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var list: String
        var name = "id"
        var separator = "&"
        var value: String?
        var testDescription: String { "\(name) in \(list.debugDescription)" }
    }

    static let rows: [Row] = [
        Row(list: "id=7", value: "7"),
        Row(list: "id=", value: ""),
        Row(list: "id", value: nil),
        Row(list: "", value: nil),
        Row(list: "&&", value: nil),
        Row(list: "a=1&id=7&b=2", value: "7"),
        Row(list: "id=first&id=second", value: "first"),
        Row(list: "xid=1&id=2", value: "2"),
        Row(list: "idx=1&id=2", value: "2"),
        Row(list: "a=id=3", value: nil),
        Row(list: "id=a=b", value: "a=b"),
        Row(list: "ID=1", value: nil),
        Row(list: "&id=7&", value: "7"),
        Row(list: "a&id=7", value: "7"),
        Row(list: "id&id=7", value: "7"),
        Row(list: "i=1&d=2", value: nil),
        Row(list: "session=abc; theme=dark", name: "session", separator: ";", value: "abc"),
        Row(list: "theme=dark; session=abc", name: "session", separator: ";", value: "abc"),
        Row(list: "theme=dark;session=abc", name: "session", separator: ";", value: "abc"),
        Row(list: "theme=dark;   session=abc", name: "session", separator: ";", value: "abc"),
        Row(list: "nosession=1; session=", name: "session", separator: ";", value: ""),
        Row(list: "session=a b; c=d", name: "session", separator: ";", value: "a b"),
        Row(list: "; ; ", name: "session", separator: ";", value: nil),
    ]

    @Test(arguments: rows) func finds(_ row: Row) throws {
        let (list, name) = (Array(row.list.utf8), Array(row.name.utf8))
        let separator = try #require(row.separator.utf8.first)
        let range = Parameters.value(of: name.span, in: list.span, separator: separator)
        #expect(range.map { String(decoding: list[$0], as: UTF8.self) } == row.value)
    }
}

import ControlPlane
import Testing

@Suite("URLs as people type them") struct RequestURLTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var text: String
        var parts: [String]
        var testDescription: String { text }
    }

    static let rows: [Row] = [
        Row(text: "/a/b?x=1", parts: ["http", "", "/a/b", "x=1"]),
        Row(text: "/", parts: ["http", "", "/", ""]),
        Row(text: "http://example.com", parts: ["http", "example.com", "/", ""]),
        Row(text: "HTTPS://Example.com:8443/a?b?c#d", parts: ["https", "Example.com:8443", "/a", "b?c"]),
        Row(text: "http://[::1]:80?q", parts: ["http", "[::1]:80", "/", "q"]),
        Row(text: "/a?", parts: ["http", "", "/a", ""]),
        Row(text: "//a//b", parts: ["http", "", "//a//b", ""]),
        Row(text: "/a:b/http://c", parts: ["http", "", "/a:b/http://c", ""]),
    ]

    @Test(arguments: rows) func reads(_ row: Row) {
        let url = RequestURL(row.text)
        #expect(url.map { [$0.scheme, $0.authority, $0.path, $0.query] } == row.parts)
    }

    @Test(arguments: ["", "example.com/a", "ftp://a/b", "http:/a", "http://", "http://u@h/", "/a b", "#x", "/a\n"])
    func refuses(_ text: String) {
        #expect(RequestURL(text) == nil)
    }
}

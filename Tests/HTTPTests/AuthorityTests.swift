import HTTP
import Testing

@Suite("authorities, RFC 3986 §3.2") struct AuthorityTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var text: String
        var host: Int?
        var port: Int?
        var testDescription: String { text.debugDescription }
    }

    static let rows: [Row] =
        [
            Row(text: "a", host: 1),
            Row(text: "Example.COM.", host: 12),
            Row(text: "a_b-c~d", host: 7),
            Row(text: "a:1", host: 1, port: 1),
            Row(text: "a:65535", host: 1, port: 65535),
            Row(text: "a:00080", host: 1, port: 80),
            Row(text: "127.0.0.1:8080", host: 9, port: 8080),
            Row(text: "%61", host: 3),
            Row(text: "%C3%BC.de", host: 9),
            Row(text: "[::]", host: 4),
            Row(text: "[::1]:80", host: 5, port: 80),
            Row(text: "[1:2:3:4:5:6:7:8]", host: 17),
            Row(text: "[1:2:3:4:5:6:7::]", host: 17),
            Row(text: "[::ffff:10.0.0.1]", host: 17),
            Row(text: "[2001:DB8::1]", host: 13),
        ]
        + [
            "", ":80", "a:", "a:0", "a:65536", "a:123456", "a:+1", "a:8x", "a b", "a/b", "a@b", "a?b", "a#b", "a,b",
            "a:1:2",
            "a%", "a%4", "a%4g", "a%2F", "a%00", "a%3A", "ü", "[", "[]", "[::1", "::1", "[:1]", "[1:2]", "[1::2::3]",
            "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[12345::]", "[::1]x", "[::1]:", "[::1]80", "[::g]", "[1:]",
            "[::256.0.0.1]", "[::1.2.3]", "[::1.2.3.4.5]", "[::01.2.3.4]", "[fe80::1%25eth0]", "[v1.a]", "[:::]",
            String(repeating: "a", count: 256),
        ].map { Row(text: $0) }

    @Test(arguments: rows) func parses(_ row: Row) {
        let authority = Authority.parse(Array(row.text.utf8).span)
        #expect(authority?.hostRange == row.host.map { 0..<$0 })
        #expect(authority?.port == row.port)
    }
}

import Testing

@testable import Routing

@Suite struct HostTableTests {
    static let names = ["", "example.com", "*.example.com", "*.b.example.com", "a.b.example.com", "[::1]", "*.com"]

    private func table() -> HostTable {
        let names = HostTableTests.names.map { Array($0.utf8) }
        return HostTable(names: names, roots: names.indices.map { Int32($0) })
    }

    /// The hosts that are tried, most specific first.
    @Test(arguments: [
        ("example.com", ["example.com", "*.com", ""]), ("EXAMPLE.com:443", ["example.com", "*.com", ""]),
        ("example.com.", ["example.com", "*.com", ""]), ("example.com.:80", ["example.com", "*.com", ""]),
        ("a.b.example.com", ["a.b.example.com", "*.b.example.com", "*.example.com", "*.com", ""]),
        ("x.b.example.com", ["*.b.example.com", "*.example.com", "*.com", ""]), ("x.org", [""]), ("", [""]),
        (":80", [""]),
        (".example.com", ["*.com", ""]), ("[::1]", ["[::1]", ""]), ("[::1]:8080", ["[::1]", ""]), ("[::1", [""]),
    ])
    func walksFromSpecificToAny(_ authority: String, _ expected: [String]) {
        let table = table()
        let bytes = Array(authority.utf8)
        var host = table.find(bytes.span)
        var walked: [String] = []
        while host >= 0 {
            walked.append(HostTableTests.names[Int(table.hosts[host].root)])
            host = Int(table.hosts[host].next)
        }
        #expect(walked == expected)
    }

    @Test func longNamesFindNothing() {
        let bytes = Array((String(repeating: "a.", count: 200) + "example.com").utf8)
        let found = table().find(bytes.span)
        #expect(found == 0)
    }

    @Test(arguments: [
        ("Example.COM", "example.com"), ("example.com.", "example.com"), ("*.Example.com", "*.example.com"),
        ("[::1]", "[::1]"), ("", nil), ("*", nil), ("*.", nil), ("a..b", nil), ("a:80", nil), ("http://a", nil),
        ("a.*.b", nil), (".a", nil),
    ])
    func normalises(_ text: String, _ expected: String?) {
        #expect(HostTable.normalised(text) == expected.map { Array($0.utf8) })
    }
}

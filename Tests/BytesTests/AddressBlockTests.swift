import Bytes
import Testing

@Suite struct AddressBlockTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var block: String
        var inside: [String]
        var outside: [String]
        var testDescription: String { block }

        init(_ block: String, in inside: [String], out outside: [String]) {
            self.block = block
            self.inside = inside
            self.outside = outside
        }
    }

    static let rows: [Row] = [
        Row(
            "10.0.0.0/8", in: ["10.0.0.0", "10.255.255.255", "::ffff:10.1.1.1"],
            out: ["9.255.255.255", "11.0.0.0", "::10"]),
        Row("192.0.2.128/25", in: ["192.0.2.128", "192.0.2.255"], out: ["192.0.2.127", "192.0.3.128"]),
        Row("0.0.0.0/0", in: ["0.0.0.0", "255.255.255.255"], out: ["::", "::1", "2001:db8::1"]),
        Row("10.0.0.1", in: ["10.0.0.1"], out: ["10.0.0.0", "10.0.0.2", "::10.0.0.1"]),
        Row("::/0", in: ["::", "ffff::"], out: ["10.0.0.1", "::ffff:1.2.3.4"]),
        Row("::1", in: ["::1"], out: ["::", "::2", "127.0.0.1"]),
        Row("fd00::/8", in: ["fd00::", "fdff:ffff::1"], out: ["fc00::", "fe00::"]),
        Row("2001:db8::/64", in: ["2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"], out: ["2001:db8:0:1::"]),
        Row("2001:db8::8000:0:0:0/65", in: ["2001:db8::8000:0:0:1"], out: ["2001:db8::1"]),
        Row("2001:db8::/32", in: ["2001:db8:ffff::"], out: ["2001:db9::"]),
        Row("::ffff:10.0.0.0/104", in: ["10.9.9.9"], out: ["11.0.0.0"]),
    ]

    @Test(arguments: rows) func contains(_ row: Row) throws {
        let block = try #require(AddressBlock(row.block))
        for text in row.inside { #expect(block.contains(try #require(IPAddress(text))), "\(text)") }
        for text in row.outside { #expect(!block.contains(try #require(IPAddress(text))), "\(text)") }
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/8/8",
        "10.0.0.0/8 ", "10.0.0/8", "10.0.0.1/8", "::1/64", "::/129", "::/1000", "::ffff:10.0.0.0/95", "example.com",
    ]) func refuses(_ text: String) {
        #expect(AddressBlock(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0/8"), ("::1", "::1/128"), ("1.2.3.4", "1.2.3.4/32"), ("FD00::/8", "fd00::/8"),
    ])
    func describesItself(_ text: String, _ expected: String) throws {
        #expect(try #require(AddressBlock(text)).description == expected)
    }
}

import Bytes
import Testing

@Suite("Addresses: RFC 4291 §2.2 in, RFC 5952 out") struct IPAddressTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var input: String
        /// nil: refused.
        var canonical: String?
        var testDescription: String { input.debugDescription }

        init(_ input: String, _ canonical: String?) {
            self.input = input
            self.canonical = canonical
        }
    }

    static let rows: [Row] = [
        Row("0.0.0.0", "0.0.0.0"),
        Row("255.255.255.255", "255.255.255.255"),
        Row("10.200.30.4", "10.200.30.4"),
        Row("256.0.0.1", nil),
        Row("1.2.3", nil),
        Row("1.2.3.4.5", nil),
        Row("1.2.3.", nil),
        Row(".1.2.3", nil),
        Row("1..2.3", nil),
        Row("01.2.3.4", nil),  // octal to some
        Row("1.2.3.00", nil),
        Row("1.2.3.4 ", nil),
        Row("0x1.2.3.4", nil),
        Row("1.2.3.-4", nil),
        Row("16909060", nil),
        Row("", nil),
        Row(":", nil),
        Row(":::", nil),
        Row("::", "::"),
        Row("::1", "::1"),
        Row("1::", "1::"),
        Row("2001:DB8::1", "2001:db8::1"),
        Row("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        Row("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),  // one zero group is not shortened, RFC 5952 §4.2.2
        Row("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),  // the longest run
        Row("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),  // the first of equal runs
        Row("0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"),
        Row("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
        Row("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        Row("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        Row("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        Row("1:2:3:4:5:6:7:8::", nil),
        Row("1:2:3:4::5:6:7:8", nil),  // `::` must stand for something
        Row("1:2:3:4:5:6:7", nil),
        Row("1:2:3:4:5:6:7:8:9", nil),
        Row("1::2::3", nil),
        Row("1:::2", nil),
        Row(":1:2:3:4:5:6:7", nil),
        Row("1:2:3:4:5:6:7:", nil),
        Row("12345::", nil),
        Row("00001::", nil),
        Row("g::1", nil),
        Row("fe80::1%eth0", nil),  // a zone means nothing to a peer
        Row("[::1]", nil),
        Row("::ffff:10.0.0.1", "10.0.0.1"),
        Row("::ffff:a00:1", "10.0.0.1"),
        Row("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        Row("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        Row("1:2:3:4:5:6:7:1.2.3.4", nil),
        Row("::1.2.3", nil),
        Row("::1.2.3.4:5", nil),
        Row("::01.2.3.4", nil),
        Row("1.2.3.4::", nil),
        Row("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        Row("0000:0000:0000:0000:0000:0000:255.255.255.2555", nil),
    ]

    @Test(arguments: rows) func reads(_ row: Row) {
        #expect(IPAddress(row.input)?.description == row.canonical)
    }

    @Test(arguments: rows) func appendsTheSameText(_ row: Row) {
        guard let address = IPAddress(row.input) else { return #expect(row.canonical == nil) }
        let buffer = ByteBuffer(capacity: IPAddress.textBytesMax)
        address.append(to: buffer)
        #expect(String(decoding: buffer.readable) == row.canonical)
    }

    @Test func survivesItsOwnText() {
        var state: UInt64 = 7
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // Zero whole groups at random, so that every shape of `::` occurs.
            var high = state
            var low = state &* 0x9E37_79B9_7F4A_7C15
            for group in 0..<4 {
                if state >> UInt64(20 + group) & 1 == 0 { high &= ~(0xFFFF << UInt64(16 * group)) }
                if state >> UInt64(30 + group) & 1 == 0 { low &= ~(0xFFFF << UInt64(16 * group)) }
            }
            let address = IPAddress(ipv6High: high, low: low)
            #expect(IPAddress(address.description) == address)
        }
    }

    @Test func mappedAddressesAreIPv4() throws {
        let mapped = try #require(IPAddress("::ffff:127.0.0.1"))
        #expect(mapped == IPAddress.loopback && mapped.isIPv4 && mapped.isLoopback)
        #expect(try #require(IPAddress("::1")).isLoopback)
        #expect(try !#require(IPAddress("::2")).isLoopback)
        #expect(try #require(IPAddress("1.2.3.4")).ipv4Bits == 0x0102_0304)
    }
}

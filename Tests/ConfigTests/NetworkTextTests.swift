import Testing

@testable import Config

@Suite("addresses and host names") struct NetworkTextTests {
    @Test(arguments: ["0.0.0.0", "127.0.0.1", "255.255.255.255"]) func isIPv4(_ text: String) {
        #expect(NetworkText.isIPv4(text))
    }

    @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.", "a.b.c.d", "1.2.3.-4", "1.2.3.4 "])
    func isNoIPv4(_ text: String) { #expect(!NetworkText.isIPv4(text)) }

    @Test(arguments: [
        "::", "::1", "1::", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1", "1:2:3:4:5:6:10.0.0.1", "1:2:3:4:5:6:7::",
        "ABCD::ef",
    ])
    func isIPv6(_ text: String) { #expect(NetworkText.isIPv6(text)) }

    @Test(arguments: [
        "", ":", ":::", "1", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "::12345", "::g", "fe80::1%eth0",
        "10.0.0.1::", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:10.0.0.1", "[::1]",
    ])
    func isNoIPv6(_ text: String) { #expect(!NetworkText.isIPv6(text)) }

    @Test(arguments: ["10.0.0.0/8", "0.0.0.0/0", "10.1.2.3", "::/0", "fd00::/8", "::1/128"])
    func isNetwork(_ text: String) { #expect(NetworkText.isNetwork(text)) }

    @Test(arguments: ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "a/8", "10.0.0.0/8/8", "/8", ""])
    func isNoNetwork(_ text: String) { #expect(!NetworkText.isNetwork(text)) }

    @Test(arguments: ["a", "localhost", "a-b.c_d.e1", "x.y.z", "1a", "1.a"]) func isHostName(_ text: String) {
        #expect(NetworkText.isHostName(text))
    }

    @Test(arguments: ["", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "1.2.3", "999.1.1.1", "ä", "a/b", "a:1"])
    func isNoHostName(_ text: String) { #expect(!NetworkText.isHostName(text)) }

    @Test func longLabelsAndNamesAreRefused() {
        let label = String(repeating: "a", count: 63)
        #expect(NetworkText.isHostName(label))
        #expect(!NetworkText.isHostName(label + "a"))
        #expect(!NetworkText.isHostName([label, label, label, label].joined(separator: ".")))
    }
}

import HTTP
import Testing

/// Every byte at every offset from a word's start: the scanners read eight at a time, the rules are per byte.
@Suite struct ByteSetTests {
    static let token = Set("!#$%&'*+-.^_`|~0123456789".utf8).union(0x41...0x5A).union(0x61...0x7A)

    static func isAccepted(_ head: [UInt8]) -> Bool {
        if case .complete = parseRequest(head, ends: [head.count]) { true } else { false }
    }

    /// `filler` characters with `byte` among them, between `before` and `after`.
    static func heads(_ byte: UInt8, before: String, filler: String, after: String) -> [[UInt8]] {
        (0..<20).map { offset in
            let text = Array(before.utf8) + Array(String(repeating: filler, count: offset).utf8)
            return text + [byte] + Array(String(repeating: filler, count: 3).utf8) + Array(after.utf8)
        }
    }

    @Test(arguments: UInt8.min...UInt8.max) func inValues(_ byte: UInt8) {
        // A lone CR or LF is refused like any other control byte; a tab is not.
        let isAllowed = byte == 0x09 || (byte >= 0x20 && byte != 0x7F)
        for head in Self.heads(byte, before: "GET / HTTP/1.0\r\nA:", filler: "\u{FF}", after: "\r\n\r\n") {
            #expect(Self.isAccepted(head) == isAllowed)
        }
    }

    @Test(arguments: UInt8.min...UInt8.max) func inNames(_ byte: UInt8) {
        for (offset, head) in Self.heads(byte, before: "GET / HTTP/1.0\r\n", filler: "z", after: ":\r\n\r\n")
            .enumerated()
        {
            // A colon ends the name, and the rest is a value.
            let isAllowed = Self.token.contains(byte) || (byte == UInt8(ascii: ":") && offset > 0)
            #expect(Self.isAccepted(head) == isAllowed)
        }
    }

    @Test(arguments: UInt8.min...UInt8.max) func inTargets(_ byte: UInt8) {
        let isAllowed = byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#")
        for head in Self.heads(byte, before: "GET /", filler: "~", after: " HTTP/1.0\r\n\r\n") {
            #expect(Self.isAccepted(head) == isAllowed)
        }
        for head in Self.heads(byte, before: "GET /?", filler: "~", after: " HTTP/1.0\r\n\r\n") {
            #expect(Self.isAccepted(head) == isAllowed)
        }
    }

    @Test(arguments: UInt8.min...UInt8.max) func inHosts(_ byte: UInt8) {
        let letters = Set("-._~0123456789".utf8).union(0x41...0x5A).union(0x61...0x7A)
        for head in Self.heads(byte, before: "GET / HTTP/1.1\r\nHost: z", filler: "z", after: "\r\n\r\n") {
            #expect(Self.isAccepted(head) == letters.contains(byte))
        }
    }
}

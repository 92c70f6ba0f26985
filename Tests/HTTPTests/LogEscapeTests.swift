import Bytes
import HTTP
import Testing

@Suite struct LogEscapeTests {
    private func json(_ bytes: [UInt8]) -> String {
        let out = ByteBuffer(capacity: bytes.count * 6 + 1)
        LogEscape.appendJSON(bytes.span, to: out)
        return text(out)
    }

    private func plain(_ bytes: [UInt8]) -> String {
        let out = ByteBuffer(capacity: bytes.count * 4 + 1)
        LogEscape.appendText(bytes.span, to: out)
        return text(out)
    }

    private func text(_ buffer: ByteBuffer) -> String {
        var bytes: [UInt8] = []
        bytes.append(copying: buffer.readable)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("", ""), ("plain /path?a=b", "plain /path?a=b"), ("a\"b\\c", #"a\"b\\c"#), ("a\r\nb\tc", #"a\r\nb\tc"#),
        ("\u{1B}[31m\u{0}\u{7F}", #"\u001b[31m\u0000\u007f"#), ("größe 日本 😀", "größe 日本 😀"),
        // C1 controls, line separators and bidirectional overrides are bytes that somebody may act on.
        ("\u{85}\u{2028}\u{202E}x", #"\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdx"#),
    ])
    func insideOfJSON(_ text: String, _ expected: String) {
        #expect(json(Array(text.utf8)) == expected)
    }

    @Test(
        arguments: [
            [0xFF], [0xC3], [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE2, 0x82],
        ] as [[UInt8]])
    func whatIsNotUTF8IsReplaced(_ bytes: [UInt8]) {
        #expect(json(bytes) == String(repeating: #"\ufffd"#, count: bytes.count))
    }

    @Test(arguments: [
        ("plain", "plain"), ("a\"b\\", #"a\x22b\x5c"#), ("\r\n", #"\x0d\x0a"#), ("é", #"\xc3\xa9"#),
    ])
    func insideOfText(_ text: String, _ expected: String) {
        #expect(plain(Array(text.utf8)) == expected)
    }

    /// Whatever the bytes, the result has no byte that ends a line or a string, and is UTF-8.
    @Test func everyByteIsHarmless() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                for text in [json([first, second, 0x41]), plain([first, second, 0x41])] {
                    #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
                    #expect(!text.replacing("\\\\", with: "").replacing("\\\"", with: "").contains("\""))
                    #expect(String(validating: Array(text.utf8), as: UTF8.self) != nil)
                }
            }
        }
    }
}

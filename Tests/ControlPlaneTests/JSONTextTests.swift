import ControlPlane
import Foundation
import Testing

@Suite("JSON text, RFC 8259") struct JSONTextTests {
    @Test func compactKeepsTheOrderOfMembers() {
        let value = JSONText.object([
            ("b", .integer(1)), ("a", .array([.null, .boolean(true), .number(0.5)])), ("c", .object([])),
        ])
        #expect(value.compact == #"{"b":1,"a":[null,true,0.5],"c":{}}"#)
    }

    @Test func prettyIndentsByTwo() {
        let value = JSONText.object([("a", .array([.integer(1), .integer(2)])), ("b", .array([]))])
        #expect(value.pretty == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": []\n}")
    }

    @Test(arguments: [
        "plain", "quote \" backslash \\", "line\nfeed\r\ttab", "\u{0}\u{1F}\u{7F}\u{9B}", "ä€😀", "\u{2028}\u{2029}",
        "</script>",
    ])
    func stringsComeBack(_ text: String) throws {
        let bytes = JSONText.array([.string(text)]).bytes
        let decoded = try JSONDecoder().decode([String].self, from: Data(bytes))
        #expect(decoded == [text])
        #expect(bytes.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }

    @Test func whatIsNoNumberIsNull() {
        #expect(JSONText.number(.nan).compact == "null")
        #expect(JSONText.number(.infinity).compact == "null")
        #expect(JSONText.optional(nil).compact == "null")
    }
}

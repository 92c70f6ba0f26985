import Bytes
import Testing

@Suite struct ASCIITests {
    @Test func classifiesEveryByte() {
        for byte in UInt8.min...UInt8.max {
            let isUpper = (0x41...0x5A).contains(byte)
            let isLower = (0x61...0x7A).contains(byte)
            #expect(ASCII.lowercased(byte) == (isUpper ? byte + 32 : byte))
            #expect(ASCII.isAlpha(byte) == (isUpper || isLower))
            #expect(ASCII.isDigit(byte) == (0x30...0x39).contains(byte))
            let expected = byte < 0x80 ? Character(UnicodeScalar(byte)).hexDigitValue : nil
            #expect(ASCII.hexValue(byte).map(Int.init) == expected)
        }
    }

    @Test(arguments: [
        ("", "", true, true), ("Host", "host", false, true), ("Host", "Host", true, true),
        ("host", "hos", false, false),
        ("a@", "A`", false, false), ("k", "\u{212A}", false, false), ("[", "{", false, false),
    ]) func compares(_ left: String, _ right: String, _ isEqual: Bool, _ isEqualIgnoringCase: Bool) {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        #expect(ASCII.equal(left.span, right.span) == isEqual)
        #expect(ASCII.equalIgnoringCase(left.span, right.span) == isEqualIgnoringCase)
    }

    @Test func copiesSpans() {
        let source: [UInt8] = [1, 2, 3, 4]
        var copy = [UInt8](copying: source.span.extracting(1..<3))
        #expect(copy == [2, 3])
        copy.append(copying: source.span)
        #expect(copy == [2, 3, 1, 2, 3, 4])
        let broken: [UInt8] = [0x61, 0xFF]
        #expect(String(decoding: broken.span) == "a\u{FFFD}")
    }
}

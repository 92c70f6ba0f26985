package import Bytes

/// Bytes from outside as a log may hold them: no line end, no quotation mark, no terminal control.
package enum LogEscape {
    /// Appends `text` as the inside of a JSON string (RFC 8259 §7); what is not UTF-8 becomes U+FFFD.
    ///
    /// `out` needs room for six bytes for each of `text`.
    package static func appendJSON(_ text: Span<UInt8>, to out: ByteBuffer) {
        var start = 0
        var index = 0
        while index < text.count {
            if isPlain(text[index]) {
                index += 1
                continue
            }
            let count = text[index] < 0x80 ? 0 : printableScalarCount(text, at: index)
            if count > 0 {
                index += count
                continue
            }
            out.append(text.extracting(start..<index))
            appendJSONEscape(text[index], to: out)
            index += 1
            start = index
        }
        out.append(text.extracting(start..<text.count))
    }

    /// Appends `text` with everything but printable ASCII as `\xHH`, as nginx and Apache do.
    ///
    /// `out` needs room for four bytes for each of `text`.
    package static func appendText(_ text: Span<UInt8>, to out: ByteBuffer) {
        var start = 0
        for index in text.indices where !isPlain(text[index]) {
            out.append(text.extracting(start..<index))
            out.append("\\x")
            appendHex(text[index], to: out)
            start = index + 1
        }
        out.append(text.extracting(start..<text.count))
    }

    /// Printable ASCII other than `"` and `\`.
    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
    }

    private static func appendJSONEscape(_ byte: UInt8, to out: ByteBuffer) {
        switch byte {
        case 0x22: out.append("\\\"")
        case 0x5C: out.append("\\\\")
        case 0x0A: out.append("\\n")
        case 0x0D: out.append("\\r")
        case 0x09: out.append("\\t")
        case 0x80...: out.append("\\ufffd")
        default:
            out.append("\\u00")
            appendHex(byte, to: out)
        }
    }

    private static func appendHex(_ byte: UInt8, to out: ByteBuffer) {
        let (high, low) = (byte >> 4, byte & 0xF)
        out.append(high < 10 ? high + 0x30 : high + 0x57)
        out.append(low < 10 ? low + 0x30 : low + 0x57)
    }

    /// Bytes of the UTF-8 sequence at `index` (RFC 3629 §4); 0 when there is none, or it is a control character or line
    /// separator that a reader of the log may act on.
    private static func printableScalarCount(_ text: Span<UInt8>, at index: Int) -> Int {
        let first = text[index]
        let count: Int
        switch first {
        case 0xC2...0xDF: count = 2
        case 0xE0...0xEF: count = 3
        case 0xF0...0xF4: count = 4
        default: return 0
        }
        guard index + count <= text.count else { return 0 }
        var scalar = UInt32(first) & (0x7F >> UInt32(count))
        for offset in 1..<count {
            let byte = text[index + offset]
            guard byte & 0xC0 == 0x80 else { return 0 }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        switch scalar {
        case 0x80...0x9F, 0x2028, 0x2029, 0xD800...0xDFFF: return 0
        case 0..<0x800 where count == 3, 0..<0x1_0000 where count == 4, 0x11_0000...: return 0
        // Bidirectional overrides make a line read as another one.
        case 0x061C, 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF, 0xE0000...0xE007F: return 0
        default: return count
        }
    }
}

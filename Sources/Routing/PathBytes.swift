import Bytes

/// Which bytes a configured path may hold (RFC 3986 §3.3, §6.2.2), in agreement with `PathNormalizer` for requests.
enum PathBytes {
    /// Letters, digits and `-._~` (RFC 3986 §2.3).
    static func isUnreserved(_ byte: UInt8) -> Bool {
        ASCII.isAlpha(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "~")
    }

    /// What may stand in a path unescaped: printable ASCII but for space, `?`, `#`, `\`, and `%`, which must start an
    /// escape. A little more than RFC 3986 grants, since what clients send in practice (`|`, `"`) is harmless.
    static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\\"), UInt8(ascii: "%"): false
        default: byte > 0x20 && byte < 0x7F
        }
    }

    /// Escapes that are refused in requests: slash, backslash, and control bytes.
    static func isForbiddenEscape(_ value: UInt8) -> Bool {
        value < 0x20 || value == 0x7F || value == UInt8(ascii: "/") || value == UInt8(ascii: "\\")
    }

    /// Appends a decoded byte in normal form: itself when unreserved, else as an upper-case escape.
    static func append(decoded value: UInt8, to out: inout [UInt8]) {
        if isUnreserved(value) {
            out.append(value)
        } else {
            out.append(UInt8(ascii: "%"))
            out.append(hexDigit(value >> 4))
            out.append(hexDigit(value & 15))
        }
    }

    static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}

import Bytes

/// A JSON document out of a token or a key set (RFC 8259), read strictly: UTF-8 alone, no member twice, bounded depth.
///
/// Two readers of one token must not see two tokens, which is what a repeated claim would allow.
enum TokenJSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string([UInt8])
    case array([TokenJSON])
    case object([Member])

    struct Member: Equatable, Sendable {
        var name: [UInt8]
        var value: TokenJSON
    }

    private static let depthMax = 16

    /// nil when `bytes` is not one whole document.
    init?(_ bytes: Span<UInt8>) {
        var reader = Reader(position: 0)
        guard let value = reader.value(bytes, depth: 0) else { return nil }
        reader.skipSpace(bytes)
        guard reader.position == bytes.count else { return nil }
        self = value
    }

    subscript(name: String) -> TokenJSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.elementsEqual(name.utf8) }?.value
    }

    var text: [UInt8]? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// A text, or a list of texts alone.
    var texts: [[UInt8]]? {
        switch self {
        case .string(let text): return [text]
        case .array(let values):
            let texts = values.compactMap(\.text)
            return texts.count == values.count ? texts : nil
        default: return nil
        }
    }

    private struct Reader {
        var position: Int

        mutating func skipSpace(_ bytes: Span<UInt8>) {
            while position < bytes.count {
                switch bytes[position] {
                case 0x20, 0x09, 0x0A, 0x0D: position += 1
                default: return
                }
            }
        }

        mutating func value(_ bytes: Span<UInt8>, depth: Int) -> TokenJSON? {
            skipSpace(bytes)
            guard position < bytes.count, depth < TokenJSON.depthMax else { return nil }
            switch bytes[position] {
            case UInt8(ascii: "{"): return object(bytes, depth: depth)
            case UInt8(ascii: "["): return array(bytes, depth: depth)
            case UInt8(ascii: "\""): return string(bytes).map { .string($0) }
            case UInt8(ascii: "t"): return word("true", bytes) ? .bool(true) : nil
            case UInt8(ascii: "f"): return word("false", bytes) ? .bool(false) : nil
            case UInt8(ascii: "n"): return word("null", bytes) ? .null : nil
            default: return number(bytes)
            }
        }

        private mutating func word(_ text: StaticString, _ bytes: Span<UInt8>) -> Bool {
            guard position + text.utf8CodeUnitCount <= bytes.count else { return false }
            let found = bytes.extracting(position..<position + text.utf8CodeUnitCount)
            guard ASCII.equal(found, Self.bytes(text).span) else { return false }
            position += text.utf8CodeUnitCount
            return true
        }

        private static func bytes(_ text: StaticString) -> [UInt8] { Array("\(text)".utf8) }

        /// Moves past `byte`, with space around it.
        private mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
            skipSpace(bytes)
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        private mutating func object(_ bytes: Span<UInt8>, depth: Int) -> TokenJSON? {
            position += 1
            var members: [Member] = []
            if take(UInt8(ascii: "}"), bytes) { return .object([]) }
            repeat {
                skipSpace(bytes)
                guard position < bytes.count, bytes[position] == UInt8(ascii: "\""), let name = string(bytes),
                    !members.contains(where: { $0.name == name }), take(UInt8(ascii: ":"), bytes),
                    let value = value(bytes, depth: depth + 1), members.count < 256
                else { return nil }
                members.append(Member(name: name, value: value))
            } while take(UInt8(ascii: ","), bytes)
            return take(UInt8(ascii: "}"), bytes) ? .object(members) : nil
        }

        private mutating func array(_ bytes: Span<UInt8>, depth: Int) -> TokenJSON? {
            position += 1
            var values: [TokenJSON] = []
            if take(UInt8(ascii: "]"), bytes) { return .array([]) }
            repeat {
                guard let value = value(bytes, depth: depth + 1) else { return nil }
                values.append(value)
            } while take(UInt8(ascii: ","), bytes)
            return take(UInt8(ascii: "]"), bytes) ? .array(values) : nil
        }

        private mutating func string(_ bytes: Span<UInt8>) -> [UInt8]? {
            position += 1
            var text: [UInt8] = []
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self) == nil ? nil : text
                case UInt8(ascii: "\\"):
                    guard let scalar = escape(bytes) else { return nil }
                    text += Array(String(Character(scalar)).utf8)
                case 0..<0x20: return nil
                default: text.append(byte)
                }
            }
            return nil
        }

        private mutating func escape(_ bytes: Span<UInt8>) -> Unicode.Scalar? {
            guard position < bytes.count else { return nil }
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
            case UInt8(ascii: "b"): return "\u{8}"
            case UInt8(ascii: "f"): return "\u{C}"
            case UInt8(ascii: "n"): return "\n"
            case UInt8(ascii: "r"): return "\r"
            case UInt8(ascii: "t"): return "\t"
            case UInt8(ascii: "u"):
                guard let high = unit(bytes) else { return nil }
                guard (0xD800...0xDBFF).contains(high) else { return Unicode.Scalar(high) }
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { return nil }
                position += 2
                guard let low = unit(bytes), (0xDC00...0xDFFF).contains(low) else { return nil }
                return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
            default: return nil
            }
        }

        private mutating func unit(_ bytes: Span<UInt8>) -> UInt32? {
            guard position + 4 <= bytes.count else { return nil }
            var value: UInt32 = 0
            for _ in 0..<4 {
                let byte = bytes[position]
                position += 1
                switch byte {
                case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
                case 0x41...0x46: value = value << 4 | UInt32(byte - 0x37)
                case 0x61...0x66: value = value << 4 | UInt32(byte - 0x57)
                default: return nil
                }
            }
            return value
        }

        private mutating func number(_ bytes: Span<UInt8>) -> TokenJSON? {
            let start = position
            if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
            let whole = digits(bytes)
            guard whole > 0, whole == 1 || bytes[position - whole] != 0x30 else { return nil }
            if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
                position += 1
                guard digits(bytes) > 0 else { return nil }
            }
            if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
                position += 1
                if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == 0x2D {
                    position += 1
                }
                guard digits(bytes) > 0 else { return nil }
            }
            guard position - start <= 40 else { return nil }
            let text = String(decoding: Array(copying: bytes.extracting(start..<position)), as: UTF8.self)
            guard let number = Double(text), number.isFinite else { return nil }
            return .number(number)
        }

        private mutating func digits(_ bytes: Span<UInt8>) -> Int {
            let start = position
            while position < bytes.count, ASCII.isDigit(bytes[position]) { position += 1 }
            return position - start
        }
    }
}

/// Base64 with the alphabet for URLs and without padding (RFC 7515 §2), as tokens and keys are written.
enum TokenBase64 {
    /// nil for any other byte, for a length that no text has, and for bits behind the last byte: one token, one form.
    static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var word: UInt32 = 0
        var bitCount = 0
        for index in text.indices {
            let value: UInt8
            switch text[index] {
            case 0x41...0x5A: value = text[index] - 0x41
            case 0x61...0x7A: value = text[index] - 0x61 + 26
            case 0x30...0x39: value = text[index] - 0x30 + 52
            case UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "_"): value = 63
            default: return nil
            }
            word = word << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bitCount)))
                word &= (1 << UInt32(bitCount)) - 1
            }
        }
        return word == 0 ? bytes : nil
    }

    static func decode(_ text: [UInt8]) -> [UInt8]? { decode(text.span) }

    /// The same with the common alphabet and with padding (RFC 4648 §4).
    static func decodePadded(_ text: [UInt8]) -> [UInt8]? {
        guard text.count.isMultiple(of: 4), !text.contains(UInt8(ascii: "-")), !text.contains(UInt8(ascii: "_")) else {
            return nil
        }
        var plain = text
        for _ in 0..<2 where plain.last == UInt8(ascii: "=") { plain.removeLast() }
        return decode(
            plain.map { byte in
                switch byte {
                case UInt8(ascii: "+"): UInt8(ascii: "-")
                case UInt8(ascii: "/"): UInt8(ascii: "_")
                default: byte
                }
            })
    }
}

import Bytes

/// A set of ASCII bytes as two bit masks: no memory is touched to ask it.
struct ByteSet: Sendable {
    let low: UInt64
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        return ((byte < 64 ? low : high) &>> UInt64(byte & 63)) & 1 != 0
    }

    /// tchar (RFC 9110 §5.6.2).
    static let token = ByteSet(low: 0x03FF6CFA00000000, high: 0x57FFFFFFC7FFFFFE)
    /// Whether all of `name` are token characters; eight at a time, as long as they are letters, digits and dashes.
    static func isToken(_ name: Span<UInt8>) -> Bool {
        var index = 0
        while index &+ 8 <= name.count, ByteWord.rareInNames(ByteScanner.load64(name, at: index)) == 0 { index &+= 8 }
        while index < name.count {
            guard token.contains(name[index]) else { return false }
            index &+= 1
        }
        return true
    }

    /// unreserved (RFC 3986 §2.3): escapes of these are decoded.
    static let unreserved = ByteSet(low: 0x03FF600000000000, high: 0x47FFFFFE87FFFFFE)
    /// reg-name without sub-delims, which no DNS name has (RFC 3986 §3.2.2).
    static let registeredName = ByteSet(low: 0x03FF602000000000, high: 0x47FFFFFE87FFFFFE)
    /// What a request id from a trusted peer may consist of.
    static let requestID = ByteSet(low: 0x03FF600000000000, high: 0x07FFFFFE87FFFFFE)
    /// What a path may hold besides escapes; wider than pchar (RFC 3986 §3.3), since clients send `|` and `"` bare.
    static let pathByte = ByteSet(low: 0x7FFFFFD600000000, high: 0x7FFFFFFFEFFFFFFF)
}

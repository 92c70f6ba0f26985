import Bytes
import CHeaderTable

/// One field line: `name ":" OWS value OWS CRLF` (RFC 9112 §5), read in one pass from left to right.
enum FieldLine {
    /// Parses the line that begins at `start`.
    ///
    /// The verdict on a byte depends only on the bytes before it, so a line refused when it is complete is refused for
    /// the same reason when it comes in pieces.
    ///
    /// - Parameter bytes: ends where the line must end at the latest.
    /// - Returns: nil when the line goes on past `bytes`. `known` and the hop-by-hop flag are set.
    @inline(__always)
    static func parse(
        _ bytes: Span<UInt8>, at start: Int, underscores: UnderscorePolicy
    ) throws(FieldError) -> HeaderField? {
        var flags: UInt8 = 0
        guard let colon = try endOfName(bytes, at: start, underscores: underscores, flags: &flags) else { return nil }
        var valueStart = colon &+ 1
        while valueStart < bytes.count && isOptionalWhitespace(bytes[valueStart]) { valueStart &+= 1 }

        var end = ByteScanner.firstControlByte(in: bytes, from: valueStart)
        while end < bytes.count && bytes[end] == Delimiter.tab {
            end = ByteScanner.firstControlByte(in: bytes, from: end &+ 1)
        }
        guard end < bytes.count else { return nil }
        guard bytes[end] == Delimiter.cr else {
            throw bytes[end] == Delimiter.lf ? .bareLineFeed : .controlByteInValue
        }
        guard end &+ 1 < bytes.count else { return nil }
        guard bytes[end &+ 1] == Delimiter.lf else { throw .bareCarriageReturn }

        var valueEnd = end
        while valueEnd > valueStart && isOptionalWhitespace(bytes[valueEnd &- 1]) { valueEnd &-= 1 }
        let known = KnownHeader.find(bytes, at: start, count: colon &- start)
        return HeaderField(
            name_start: UInt32(truncatingIfNeeded: start), value_start: UInt32(truncatingIfNeeded: valueStart),
            value_count: UInt32(truncatingIfNeeded: valueEnd &- valueStart),
            line_end: UInt32(truncatingIfNeeded: end &+ 2), name_count: UInt16(truncatingIfNeeded: colon &- start),
            known: known.rawValue, flags: flags | HopByHop.flag(for: known))
    }

    /// Index of the colon behind the name at `start`, nil when it has not come yet.
    @inline(__always)
    private static func endOfName(
        _ bytes: Span<UInt8>, at start: Int, underscores: UnderscorePolicy, flags: inout UInt8
    ) throws(FieldError) -> Int? {
        var index = start
        while true {
            while index &+ 8 <= bytes.count {
                let rare = ByteWord.rareInNames(ByteScanner.load64(bytes, at: index))
                if rare != 0 {
                    index &+= rare.trailingZeroBitCount &>> 3
                    break
                }
                index &+= 8
            }
            guard index < bytes.count else { return nil }
            let byte = bytes[index]
            if byte == Delimiter.colon { break }
            try acceptNameByte(byte, isFirst: index == start, underscores: underscores, flags: &flags)
            index &+= 1
        }
        guard index > start else { throw .emptyName }
        guard index &- start <= nameBytesMax else { throw .nameTooLong }
        return index
    }

    /// Bytes in a field name: what `HeaderField.name_count` can say.
    static let nameBytesMax = 0xFFFF

    private static func acceptNameByte(
        _ byte: UInt8, isFirst: Bool, underscores: UnderscorePolicy, flags: inout UInt8
    ) throws(FieldError) {
        if byte == UInt8(ascii: "_") {
            switch underscores {
            case .allow: break
            case .drop: flags |= HeaderField.droppedFlag
            case .reject: throw .underscoreInName
            }
            return
        }
        if ByteSet.token.contains(byte) { return }
        switch byte {
        case Delimiter.space, Delimiter.tab: throw isFirst ? .lineFolding : .whitespaceBeforeColon
        case Delimiter.lf: throw .bareLineFeed
        default: throw .invalidNameByte
        }
    }

    @inline(__always)
    private static func isOptionalWhitespace(_ byte: UInt8) -> Bool {
        byte == Delimiter.space || byte == Delimiter.tab
    }
}

import Bytes

/// `HTTP-version SP status [SP reason] CRLF` (RFC 9112 §4).
///
/// The space behind the status may be missing together with the reason: old servers send it so, and it is unambiguous.
enum StatusLine {
    /// Parses the line at the start of `bytes` into `head`, from left to right as `FieldLine` does.
    ///
    /// - Returns: the offset behind the line, nil when it goes on past `bytes`.
    static func parse(_ bytes: Span<UInt8>, into head: inout ResponseHead) throws(ResponseError) -> Int? {
        // Sound to index below: `prefixIsComplete` is true only when 12 bytes are there.
        guard try prefixIsComplete(bytes) else { return nil }
        let status = Int(bytes[9] &- 0x30) * 100 + Int(bytes[10] &- 0x30) * 10 + Int(bytes[11] &- 0x30)
        guard status >= 100 && status <= 599 else { throw .statusMalformed }
        guard bytes.count > 12 else { return nil }
        let reasonStart: Int
        switch bytes[12] {
        case Delimiter.space: reasonStart = 13
        case Delimiter.cr: reasonStart = 12
        case Delimiter.lf: throw .bareLineFeed
        default: throw .statusMalformed
        }
        var end = ByteScanner.firstControlByte(in: bytes, from: reasonStart)
        while end < bytes.count && bytes[end] == Delimiter.tab {
            end = ByteScanner.firstControlByte(in: bytes, from: end &+ 1)
        }
        guard end < bytes.count else { return nil }
        guard bytes[end] == Delimiter.cr else { throw bytes[end] == Delimiter.lf ? .bareLineFeed : .invalidReasonByte }
        guard end &+ 1 < bytes.count else { return nil }
        guard bytes[end &+ 1] == Delimiter.lf else { throw .bareCarriageReturn }
        head.status = status
        head.minorVersion = bytes[7] == UInt8(ascii: "0") ? 0 : 1
        head.reasonRange = reasonStart..<end
        return end &+ 2
    }

    /// Checks `HTTP/1.x ddd`; false when it has not all come yet.
    private static func prefixIsComplete(_ bytes: Span<UInt8>) throws(ResponseError) -> Bool {
        let pattern = ("HTTP/1.0 000" as StaticString).bytes
        for index in 0..<12 {
            guard index < bytes.count else { return false }
            let byte = bytes[index]
            switch index {
            case 5:
                guard ASCII.isDigit(byte) else { throw .versionMalformed }
                guard byte == UInt8(ascii: "1") else { throw .versionNotSupported }
            case 7:
                guard ASCII.isDigit(byte) else { throw .versionMalformed }
            case 9, 10, 11:
                guard ASCII.isDigit(byte) else { throw .statusMalformed }
            default:
                guard byte == pattern[index] else { throw .versionMalformed }
            }
        }
        return true
    }
}

import Bytes

/// Host and optional port, as in a Host field or an absolute target (RFC 3986 §3.2, RFC 9110 §7.2).
///
/// Narrower than the grammar where no real name is lost: no user information, no sub-delims, no IPvFuture, no zone,
/// no empty host, and a colon must have a port from 1 to 65535 behind it.
package struct Authority: Equatable, Sendable {
    /// The host without port; IPv6 addresses with their brackets. Offsets into the parsed bytes.
    package var hostRange: Range<Int>
    package var port: Int?

    /// Bytes in a host: what DNS allows with a final dot (RFC 1035 §2.3.4).
    package static let hostBytesMax = 255

    package static func parse(_ bytes: Span<UInt8>) -> Authority? {
        guard bytes.count > 0 else { return nil }
        if bytes[0] == UInt8(ascii: "[") { return parseLiteral(bytes) }
        var end = 0
        while end &+ 8 <= bytes.count {
            let rare = ByteWord.rareInHosts(ByteScanner.load64(bytes, at: end))
            end &+= rare.trailingZeroBitCount &>> 3
            if rare != 0 { break }
        }
        while end < bytes.count {
            let byte = bytes[end]
            if !ByteSet.registeredName.contains(byte) {
                guard byte == Delimiter.colon else { return nil }
                break
            }
            if byte == UInt8(ascii: "%") {
                guard end &+ 2 < bytes.count, let high = ASCII.hexValue(bytes[end &+ 1]),
                    let low = ASCII.hexValue(bytes[end &+ 2])
                else { return nil }
                // An encoded delimiter or control byte would be a host to nobody, and a delimiter to somebody.
                let value = high &<< 4 | low
                guard value >= 0x80 || ByteSet.unreserved.contains(value) else { return nil }
                end &+= 2
            }
            end &+= 1
        }
        guard end > 0 && end <= hostBytesMax else { return nil }
        return finish(bytes, hostEnd: end)
    }

    private static func parseLiteral(_ bytes: Span<UInt8>) -> Authority? {
        let close = ByteScanner.firstIndex(of: UInt8(ascii: "]"), in: bytes, from: 1)
        guard close < bytes.count, IPv6Literal.isValid(bytes.extracting(1..<close)) else { return nil }
        return finish(bytes, hostEnd: close &+ 1)
    }

    private static func finish(_ bytes: Span<UInt8>, hostEnd: Int) -> Authority? {
        guard hostEnd < bytes.count else { return Authority(hostRange: 0..<hostEnd, port: nil) }
        guard bytes[hostEnd] == Delimiter.colon else { return nil }
        let digitCount = bytes.count &- hostEnd &- 1
        guard digitCount >= 1 && digitCount <= 5 else { return nil }
        var port = 0
        for index in (hostEnd &+ 1)..<bytes.count {
            guard ASCII.isDigit(bytes[index]) else { return nil }
            port = port * 10 + Int(bytes[index] &- 0x30)
        }
        guard port >= 1 && port <= 0xFFFF else { return nil }
        return Authority(hostRange: 0..<hostEnd, port: port)
    }
}

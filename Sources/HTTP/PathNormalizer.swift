import Bytes

/// Brings the path of a target into its one normal form, which is both matched and forwarded (RFC 3986 §6.2.2).
///
/// Dot segments are resolved, runs of slashes become one, escapes of unreserved characters are decoded and the hex
/// digits of the others become upper case. What servers are known to read in different ways is refused instead:
/// encoded slashes, backslashes (raw too), encoded control bytes, invalid escapes, dot segments that lead above the
/// root.
package enum PathNormalizer {
    /// Whether `normalize` would return `path` as it is: the common case, answered without a copy.
    package static func isNormal(_ path: Span<UInt8>) -> Bool {
        guard path.count > 0, path[0] == UInt8(ascii: "/") else { return false }
        let ones = ByteWord.ones
        var index = 0
        while index &+ 8 <= path.count {
            let word = ByteScanner.load64(path, at: index)
            let below = (word &- ones &* 0x21) & ~word
            let above = word | (word &+ ones)
            let marks =
                zeros(word ^ ones &* 0x25) | zeros(word ^ ones &* 0x5C) | zeros(word ^ ones &* 0x23)
                | zeros(word ^ ones &* 0x3F)
            // A slash before a slash or a dot may or may not be normal: the slow way decides.
            let slashes = exactZeros(word ^ ones &* 0x2F)
            let dots = exactZeros(word ^ ones &* 0x2E)
            let pairs = (slashes &<< 8) & (slashes | dots)
            if (below | above | marks | pairs) & ByteWord.highs != 0 { return isNormalSlowly(path) }
            // Words overlap by a byte, so that no pair falls between two of them.
            index &+= 7
        }
        return isNormalTail(path, from: index)
    }

    @inline(__always)
    private static func zeros(_ word: UInt64) -> UInt64 { (word &- ByteWord.ones) & ~word }

    /// The high bit of every zero byte and of no other.
    @inline(__always)
    private static func exactZeros(_ word: UInt64) -> UInt64 {
        ~(((word & ~ByteWord.highs) &+ ~ByteWord.highs) | word) & ByteWord.highs
    }

    private static func isNormalTail(_ path: Span<UInt8>, from start: Int) -> Bool {
        var previous: UInt8 = 0
        for index in start..<path.count {
            let byte = path[index]
            guard ByteSet.pathByte.contains(byte) else { return isNormalSlowly(path) }
            if previous == UInt8(ascii: "/") && (byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".")) {
                return isNormalSlowly(path)
            }
            previous = byte
        }
        return true
    }

    /// Byte by byte: for paths with escapes, or with a segment that begins with a dot.
    private static func isNormalSlowly(_ path: Span<UInt8>) -> Bool {
        var index = 0
        var segmentStart = 1
        while index < path.count {
            let byte = path[index]
            if byte == UInt8(ascii: "/") && index > 0 {
                if index == segmentStart || isDotSegment(path, segmentStart..<index) { return false }
                segmentStart = index &+ 1
            } else if byte == UInt8(ascii: "%") {
                guard index &+ 2 < path.count, isUpperHex(path[index &+ 1]), isUpperHex(path[index &+ 2]),
                    let value = escapedByte(path, at: index), refusal(ofEscaped: value) == nil,
                    !ByteSet.unreserved.contains(value)
                else { return false }
                index &+= 2
            } else if !ByteSet.pathByte.contains(byte) {
                return false
            }
            index &+= 1
        }
        return !isDotSegment(path, segmentStart..<path.count)
    }

    /// Writes the normal form of `path` to `out`, which is cleared first; an empty path is `/` (RFC 9110 §4.2.3).
    package static func normalize(_ path: Span<UInt8>, into out: inout [UInt8]) throws(TargetError) {
        out.removeAll(keepingCapacity: true)
        guard path.count > 0 else {
            out.append(UInt8(ascii: "/"))
            return
        }
        guard path[0] == UInt8(ascii: "/") else { throw .notAbsolute }
        var index = 0
        while index < path.count {
            let byte = path[index]
            switch byte {
            case UInt8(ascii: "/"):
                try endSegment(&out)
                if out.last != UInt8(ascii: "/") { out.append(byte) }
            case UInt8(ascii: "%"):
                guard let value = escapedByte(path, at: index) else { throw .invalidEscape }
                if let refusal = refusal(ofEscaped: value) { throw refusal }
                if ByteSet.unreserved.contains(value) {
                    out.append(value)
                } else {
                    out.append(byte)
                    out.append(upperHex(value &>> 4))
                    out.append(upperHex(value & 0xF))
                }
                index &+= 2
            default:
                guard ByteSet.pathByte.contains(byte) else {
                    throw byte == UInt8(ascii: "\\") ? .backslash : .invalidByte
                }
                out.append(byte)
            }
            index &+= 1
        }
        try endSegment(&out)
    }

    /// Removes the last segment of `out` when it is `.`, and its parent too when it is `..` (RFC 3986 §5.2.4).
    private static func endSegment(_ out: inout [UInt8]) throws(TargetError) {
        let dot = UInt8(ascii: ".")
        let count = out.count
        guard count > 1, out[count - 1] == dot else { return }
        if out[count - 2] == UInt8(ascii: "/") {
            out.removeLast()
            return
        }
        guard count > 2, out[count - 2] == dot, out[count - 3] == UInt8(ascii: "/") else { return }
        guard count > 3 else { throw .aboveRoot }
        out.removeLast(3)
        while out[out.count - 1] != UInt8(ascii: "/") { out.removeLast() }
    }

    private static func isDotSegment(_ path: Span<UInt8>, _ segment: Range<Int>) -> Bool {
        let dot = UInt8(ascii: ".")
        switch segment.count {
        case 1: return path[segment.lowerBound] == dot
        case 2: return path[segment.lowerBound] == dot && path[segment.lowerBound &+ 1] == dot
        default: return false
        }
    }

    private static func refusal(ofEscaped value: UInt8) -> TargetError? {
        switch value {
        case UInt8(ascii: "/"): .encodedSlash
        case UInt8(ascii: "\\"): .encodedBackslash
        case 0..<0x20, 0x7F: .encodedControlByte
        default: nil
        }
    }

    private static func escapedByte(_ path: Span<UInt8>, at index: Int) -> UInt8? {
        guard index &+ 2 < path.count, let high = ASCII.hexValue(path[index &+ 1]),
            let low = ASCII.hexValue(path[index &+ 2])
        else { return nil }
        return high &<< 4 | low
    }

    private static func isUpperHex(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte) || byte &- 0x41 < 6
    }

    private static func upperHex(_ digit: UInt8) -> UInt8 {
        digit < 10 ? digit &+ 0x30 : digit &+ 0x37
    }
}

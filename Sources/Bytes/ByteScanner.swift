/// Searches through bytes from outside, eight at a time.
///
/// Spans go in and indexes come out; every load is checked against the end of its span, so a wrong index traps.
// `@usableFromInline`: without it on the type, the compiler keeps `@inlinable` members of a `package` type to itself.
@usableFromInline package enum ByteScanner {
    /// The eight bytes at `index`, the first one in the lowest bits.
    // Inlinable: the parsers' loops call it per word (bench `http-parse`: 40 % of a head's time when it is a call).
    @inlinable @inline(__always)
    package static func load64(_ bytes: Span<UInt8>, at index: Int) -> UInt64 {
        // Sound: `RawSpan` checks the bounds, and every bit pattern is a `UInt64`.
        unsafe UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// Index of the first byte of `bytes[start...]` that is a control byte (0x00 to 0x1F, 0x7F); the count if none is.
    package static func firstControlByte(in bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index &+ 16 <= bytes.count {
            let low = controlBytes(load64(bytes, at: index))
            let high = controlBytes(load64(bytes, at: index &+ 8))
            if low | high != 0 {
                return low != 0
                    ? index &+ low.trailingZeroBitCount &>> 3 : index &+ 8 &+ high.trailingZeroBitCount &>> 3
            }
            index &+= 16
        }
        while index &+ 8 <= bytes.count {
            let stops = controlBytes(load64(bytes, at: index))
            if stops != 0 { return index &+ stops.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte == 0x7F { return index }
            index &+= 1
        }
        return bytes.count
    }

    /// The high bit of every control byte. Only the lowest one is exact: borrows run upwards from it.
    @inline(__always)
    private static func controlBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        return ((word &- ones &* 0x20) | ((word & ~highs) &+ ones)) & ~word & highs
    }

    /// Index of the first byte of `bytes[start...]` that cannot stand in a request target before its query: control
    /// bytes, space, bytes from 0x7F up, `#`; and `?`. The count if none is.
    package static func firstTargetStop(in bytes: Span<UInt8>, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index &+ 8 <= bytes.count {
            let word = load64(bytes, at: index)
            let below = (word &- ones &* 0x21) & ~word
            let above = word | (word &+ ones)
            let hash = word ^ (ones &* 0x23)
            let question = word ^ (ones &* 0x3F)
            let marks = ((hash &- ones) & ~hash) | ((question &- ones) & ~question)
            let stops = (below | above | marks) & highs
            if stops != 0 { return index &+ stops.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte <= 0x20 || byte >= 0x7F || byte == 0x23 || byte == 0x3F { return index }
            index &+= 1
        }
        return bytes.count
    }

    /// Index of the first `byte` in `bytes[start...]`; the count if there is none.
    package static func firstIndex(of byte: UInt8, in bytes: Span<UInt8>, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let pattern = ones &* UInt64(byte)
        var index = start
        while index &+ 8 <= bytes.count {
            let difference = load64(bytes, at: index) ^ pattern
            let stops = (difference &- ones) & ~difference & highs
            if stops != 0 { return index &+ stops.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < bytes.count {
            if bytes[index] == byte { return index }
            index &+= 1
        }
        return bytes.count
    }
}

extension StaticString {
    /// The UTF-8 of a literal of more than one character.
    package var bytes: Span<UInt8> {
        @_lifetime(immortal)
        get {
            precondition(hasPointerRepresentation)
            // Sound: such a literal is immortal memory of that many bytes.
            let bytes = unsafe Span<UInt8>(_unsafeStart: utf8Start, count: utf8CodeUnitCount)
            return unsafe _overrideLifetime(bytes, copying: ())
        }
    }
}

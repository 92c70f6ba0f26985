/// The bytes that protocols are written in.
@usableFromInline
package enum ASCII {
    @inlinable package static var cr: UInt8 { 0x0D }
    @inlinable package static var lf: UInt8 { 0x0A }
    @inlinable package static var space: UInt8 { 0x20 }
    @inlinable package static var tab: UInt8 { 0x09 }
    @inlinable package static var colon: UInt8 { 0x3A }

    /// `byte` with A-Z folded to a-z.
    @inlinable package static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    @inlinable package static func isDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10
    }

    @inlinable package static func isAlpha(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26
    }

    /// The value of a hexadecimal digit, or nil.
    @inlinable package static func hexValue(_ byte: UInt8) -> UInt8? {
        let digit = byte &- 0x30
        if digit < 10 { return digit }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }

    /// Whether `bytes` begins with the literal `prefix`, letters compared without case.
    package static func hasPrefixIgnoringCase(_ bytes: Span<UInt8>, _ prefix: StaticString) -> Bool {
        guard bytes.count >= prefix.utf8CodeUnitCount else { return false }
        for index in 0..<prefix.utf8CodeUnitCount {
            // Sound: a literal is immortal memory of `utf8CodeUnitCount` bytes.
            guard unsafe lowercased(bytes[index]) == lowercased(prefix.utf8Start[index]) else { return false }
        }
        return true
    }

    /// Whether both spans hold the same bytes.
    package static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        var index = 0
        while index &+ 8 <= left.count {
            if ByteScanner.load64(left, at: index) != ByteScanner.load64(right, at: index) { return false }
            index &+= 8
        }
        while index < left.count {
            if left[index] != right[index] { return false }
            index &+= 1
        }
        return true
    }

    /// Whether both spans hold the same text, letters compared without case.
    package static func equalIgnoringCase(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where lowercased(left[index]) != lowercased(right[index]) { return false }
        return true
    }
}

extension String {
    /// Text for people and logs; bytes that are not UTF-8 become U+FFFD.
    package init(decoding bytes: Span<UInt8>) {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices { copy.append(bytes[index]) }
        self.init(decoding: copy, as: UTF8.self)
    }
}

extension Array where Element == UInt8 {
    /// A copy of the span's bytes.
    package init(copying bytes: Span<UInt8>) {
        self.init()
        append(copying: bytes)
    }

    /// Appends the span's bytes.
    package mutating func append(copying bytes: Span<UInt8>) {
        // Sound: the pointer does not leave the closure.
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}

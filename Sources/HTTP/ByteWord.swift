import Bytes

/// Eight bytes of text in one word: the first byte in the lowest bits.
enum ByteWord {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highs: UInt64 = 0x8080_8080_8080_8080
    /// Set, it makes letters lower case.
    static let caseBits: UInt64 = 0x2020_2020_2020_2020

    /// The first `count` bytes at `start`, 1 to 8 of them, zeros above.
    @inline(__always)
    static func partial(_ bytes: Span<UInt8>, at start: Int, count: Int) -> UInt64 {
        if start &+ 8 <= bytes.count {
            return ByteScanner.load64(bytes, at: start) & (UInt64.max &>> UInt64(64 &- 8 &* count))
        }
        return partialNearEnd(bytes, at: start, count: count)
    }

    private static func partialNearEnd(_ bytes: Span<UInt8>, at start: Int, count: Int) -> UInt64 {
        var word: UInt64 = 0
        var index = count
        while index > 0 {
            index &-= 1
            word = word &<< 8 | UInt64(bytes[start &+ index])
        }
        return word
    }

    /// The high bit of every byte that is neither a letter, a digit nor `-`: almost no field name has others.
    @inline(__always)
    static func rareInNames(_ word: UInt64) -> UInt64 {
        // Sums stay below 0x100 per byte since the high bits are cleared first: no carry crosses bytes.
        let seven = word & ~highs
        let lower = seven | caseBits
        let letters = (lower &+ ones &* 0x1F) & ~(lower &+ ones &* 0x05)
        let digits = (seven &+ ones &* 0x50) & ~(seven &+ ones &* 0x46)
        let dashes = ~((seven ^ (ones &* 0x2D)) &+ ones &* 0x7F)
        return ~((letters | digits | dashes) & ~word) & highs
    }

    /// The high bit of every byte that is neither a letter, a digit, `-` nor `.`: almost no host has others.
    @inline(__always)
    static func rareInHosts(_ word: UInt64) -> UInt64 {
        let seven = word & ~highs
        let lower = seven | caseBits
        let letters = (lower &+ ones &* 0x1F) & ~(lower &+ ones &* 0x05)
        let digits = (seven &+ ones &* 0x50) & ~(seven &+ ones &* 0x46)
        let dashesAndDots = (seven &+ ones &* 0x53) & ~(seven &+ ones &* 0x51)
        return ~((letters | digits | dashesAndDots) & ~word) & highs
    }

    /// Whether the ten bytes at `start` are `keep-alive` in any case; they must not hold control bytes.
    @inline(__always)
    static func isKeepAlive(_ bytes: Span<UInt8>, at start: Int) -> Bool {
        ByteScanner.load64(bytes, at: start) | caseBits == 0x696C_612D_7065_656B
            && ByteScanner.load64(bytes, at: start &+ 2) | caseBits == 0x6576_696C_612D_7065
    }
}

/// A small fast generator of random numbers (SplitMix64); seeded, so that a test can repeat a run. Not for secrets.
@usableFromInline
package struct SplitMix: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    @inlinable
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return hashMixed(state)
    }

    /// A number in 0..<bound; the bias of multiply-and-shift is below `bound` in 2^32.
    mutating func next(below bound: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: ((next() >> 32) &* UInt64(bound)) >> 32)
    }
}

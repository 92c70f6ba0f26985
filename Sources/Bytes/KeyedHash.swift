/// SipHash-1-3 with a key of the process: for tables whose keys clients choose, and who must not be able to choose
/// collisions. Not the same in two processes.
package struct KeyedHash: Sendable {
    private let first: UInt64
    private let second: UInt64

    /// The key of this process.
    package static let process = KeyedHash(
        first: UInt64.random(in: .min ... .max), second: UInt64.random(in: .min ... .max))

    package init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    package func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var state = State(first, second)
        var index = 0
        while index &+ 8 <= bytes.count {
            state.compress(ByteScanner.load64(bytes, at: index))
            index &+= 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) &<< 56
        var shift: UInt64 = 0
        while index < bytes.count {
            last |= UInt64(bytes[index]) &<< shift
            shift &+= 8
            index &+= 1
        }
        state.compress(last)
        return state.finish()
    }

    package func hash(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var state = State(first, second)
        state.compress(left)
        state.compress(right)
        state.compress(16 &<< 56)
        return state.finish()
    }

    private struct State {
        var v0, v1, v2, v3: UInt64

        init(_ first: UInt64, _ second: UInt64) {
            v0 = 0x736F_6D65_7073_6575 ^ first
            v1 = 0x646F_7261_6E64_6F6D ^ second
            v2 = 0x6C79_6765_6E65_7261 ^ first
            v3 = 0x7465_6462_7974_6573 ^ second
        }

        @inline(__always)
        mutating func round() {
            v0 = v0 &+ v1
            v2 = v2 &+ v3
            v1 = (v1 &<< 13 | v1 &>> 51) ^ v0
            v3 = (v3 &<< 16 | v3 &>> 48) ^ v2
            v0 = v0 &<< 32 | v0 &>> 32
            v2 = v2 &+ v1
            v0 = v0 &+ v3
            v1 = (v1 &<< 17 | v1 &>> 47) ^ v2
            v3 = (v3 &<< 21 | v3 &>> 43) ^ v0
            v2 = v2 &<< 32 | v2 &>> 32
        }

        @inline(__always)
        mutating func compress(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        mutating func finish() -> UInt64 {
            v2 ^= 0xFF
            round()
            round()
            round()
            return v0 ^ v1 ^ v2 ^ v3
        }
    }
}

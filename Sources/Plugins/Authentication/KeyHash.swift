import Bytes
import Crypto

// `unsafe` here is what swift-crypto's digests and our spans need to be handed over without copies: it is done for
// every request.

/// The SHA-256 of an API key, as four words.
struct KeyHash: Sendable {
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// Where it is looked for.
    var place: UInt64 { first }

    init(of key: Span<UInt8>) {
        // Sound: neither pointer leaves its closure.
        let digest = unsafe key.withUnsafeBytes { unsafe SHA256.hash(data: $0) }
        self = unsafe digest.withUnsafeBytes { KeyHash(unsafe $0.bytes) }
    }

    init(_ bytes: [UInt8]) {
        self.init(unsafe bytes.span.bytes)
    }

    /// - Parameter bytes: 32 of them.
    private init(_ bytes: RawSpan) {
        precondition(bytes.byteCount == SHA256.byteCount, "a SHA-256 has 32 bytes")
        first = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)
        second = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)
        third = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 16, as: UInt64.self)
        fourth = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 24, as: UInt64.self)
    }

    /// Takes the same time wherever two hashes differ.
    func isEqual(_ other: KeyHash) -> Bool {
        (first ^ other.first) | (second ^ other.second) | (third ^ other.third) | (fourth ^ other.fourth) == 0
    }
}

/// The hashes of all keys of a filter, looked up by their first word.
///
/// What is looked up and compared is a hash, of which no client can choose a part.
struct HashPlaces: Sendable {
    private let hashes: [KeyHash]
    /// Indices into `hashes`, open addressing; -1 for a free place.
    private let slots: [Int32]
    private let mask: Int

    init(_ hashes: [KeyHash]) {
        self.hashes = hashes
        var count = 8
        while count < hashes.count * 2 { count *= 2 }
        mask = count - 1
        var slots = [Int32](repeating: -1, count: count)
        for (index, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash.place) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(index)
        }
        self.slots = slots
    }

    /// The index of a hash; the last one that is equal.
    func find(_ hash: KeyHash) -> Int? {
        var found: Int?
        var slot = Int(truncatingIfNeeded: hash.place) & mask
        while slots[slot] >= 0 {
            if hashes[Int(slots[slot])].isEqual(hash) { found = Int(slots[slot]) }
            slot = (slot &+ 1) & mask
        }
        return found
    }
}

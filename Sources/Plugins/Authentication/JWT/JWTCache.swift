import Bytes

/// Tokens that were verified, on one worker: so many, and not more than so many bytes.
///
/// The whole token is compared, so nothing rests on the hash but where to look. Look-ups are by a keyed hash that no
/// client knows, so that the time of the comparison tells nothing of tokens that others have sent.
struct JWTCache {
    struct Entry {
        let identity: ClientIdentity
        /// Unix time in seconds.
        let validUntil: Double
        let issuer: Int
    }

    private struct Slot {
        var hash: UInt64
        var token: [UInt8]
        var entry: Entry
        /// Which of two slots was used last.
        var used: UInt32
    }

    /// Two neighbours are looked at.
    private var slots: [Slot?]
    private let mask: Int
    private var byteCount = 0
    private var clock: UInt32 = 0

    private static let bytesMax = 8 << 20

    /// - Parameter entries: rounded up to a power of two; 0 remembers nothing.
    init(entries: Int) {
        var count = 2
        while count < entries { count *= 2 }
        slots = entries == 0 ? [] : Array(repeating: nil, count: count)
        mask = entries == 0 ? 0 : count - 1
    }

    mutating func find(_ token: Span<UInt8>, hash: UInt64) -> Entry? {
        guard !slots.isEmpty else { return nil }
        let first = Int(truncatingIfNeeded: hash) & mask & ~1
        for index in first...first + 1 where slots[index]?.hash == hash {
            guard let slot = slots[index], ASCII.equal(slot.token.span, token) else { continue }
            clock &+= 1
            slots[index]?.used = clock
            return slot.entry
        }
        return nil
    }

    mutating func insert(_ token: Span<UInt8>, hash: UInt64, _ entry: Entry) {
        guard !slots.isEmpty else { return }
        if byteCount + token.count > Self.bytesMax { removeAll() }
        let first = Int(truncatingIfNeeded: hash) & mask & ~1
        var victim = first
        if let left = slots[first], left.hash != hash {
            if let right = slots[first + 1] {
                victim = right.hash == hash || clock &- right.used > clock &- left.used ? first + 1 : first
            } else {
                victim = first + 1
            }
        }
        byteCount += token.count - (slots[victim]?.token.count ?? 0)
        clock &+= 1
        slots[victim] = Slot(hash: hash, token: Array(copying: token), entry: entry, used: clock)
    }

    mutating func removeAll() {
        for index in slots.indices { slots[index] = nil }
        byteCount = 0
    }
}

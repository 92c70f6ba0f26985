import Bytes

/// Tokens that were verified, on one worker: so many, and not more than so many bytes.
///
/// The whole token is compared, so nothing rests on the hash but where to look. Look-ups are by a keyed hash that no
/// client knows, so that the time of the comparison tells nothing of tokens that others have sent. It is one of the
/// token's end, which is signature: of what is remembered, all was signed, so that nobody can fill a place with tokens
/// that end alike.
final class JWTCache {
    struct Entry {
        let identity: ClientIdentity
        /// Unix time in seconds.
        let validUntil: Double
        let issuer: Int
    }

    private final class Slot {
        let hash: UInt64
        let token: [UInt8]
        let entry: Entry
        /// Which of two slots was used last.
        var used: UInt32

        init(hash: UInt64, token: [UInt8], entry: Entry, used: UInt32) {
            self.hash = hash
            self.token = token
            self.entry = entry
            self.used = used
        }
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

    /// Where a token is looked for.
    static func hash(_ token: Span<UInt8>) -> UInt64 {
        KeyedHash.process.hash(token.extracting(max(token.count &- hashedBytes, 0)..<token.count))
    }

    private static let hashedBytes = 40

    func find(_ token: Span<UInt8>, hash: UInt64) -> Entry? {
        guard !slots.isEmpty else { return nil }
        let first = Int(truncatingIfNeeded: hash) & mask & ~1
        for index in first..<first &+ 2 {
            guard let slot = slots[index], slot.hash == hash else { continue }
            let own = slot.token
            guard ASCII.equal(own.span, token) else { continue }
            clock &+= 1
            slot.used = clock
            return slot.entry
        }
        return nil
    }

    func insert(_ token: Span<UInt8>, hash: UInt64, _ entry: Entry) {
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

    func removeAll() {
        for index in slots.indices { slots[index] = nil }
        byteCount = 0
    }
}

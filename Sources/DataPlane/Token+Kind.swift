import Bytes
import EventLoop

/// What a token of this worker's poller or timers names.
enum TokenKind: UInt64 {
    case listener = 1, client, upstream, mailbox, acceptResume, filter
}

extension Token {
    init(_ kind: TokenKind, _ key: SlotKey) {
        self.init(bits: kind.rawValue << 60 | UInt64(key.generation) << 32 | UInt64(key.slot))
    }

    var kind: TokenKind? { TokenKind(rawValue: bits >> 60) }

    var key: SlotKey {
        SlotKey(
            slot: UInt32(truncatingIfNeeded: bits),
            generation: UInt32(truncatingIfNeeded: bits >> 32) & SlotKey.generationMask)
    }
}

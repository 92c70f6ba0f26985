import Bytes
import EventLoop
import Testing

@testable import DataPlane

@Suite struct TokenKindTests {
    static let kinds: [TokenKind] = [.listener, .client, .upstream, .mailbox, .acceptResume]
    static let keys = [
        SlotKey(slot: 0, generation: 0), SlotKey(slot: 1, generation: 2),
        SlotKey(slot: .max, generation: 0), SlotKey(slot: 0, generation: SlotKey.generationMask),
        SlotKey(slot: .max, generation: SlotKey.generationMask),
    ]

    @Test(arguments: kinds, keys) func survivesTheKernel(_ kind: TokenKind, _ key: SlotKey) {
        let token = Token(bits: Token(kind, key).bits)
        #expect(token.kind == kind && token.key == key)
    }

    @Test func tokensOfNoKindAreNone() {
        #expect(Token(bits: 0).kind == nil && Token(bits: 0xF000_0000_0000_0000).kind == nil)
    }

    @Test func tokensAreDistinct() {
        let all = Self.kinds.flatMap { kind in Self.keys.map { Token(kind, $0).bits } }
        #expect(Set(all).count == all.count)
    }
}

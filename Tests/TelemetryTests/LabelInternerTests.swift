import Telemetry
import Testing

@Suite struct LabelInternerTests {
    @Test func idsAreStable() {
        let interner = LabelInterner(idsMax: 100)
        let users = interner.id(for: "users")
        let orders = interner.id(for: "orders")
        #expect(users == 1 && orders == 2 && interner.id(for: "users") == users)
        #expect(interner.id(for: "none") == 0)
        #expect(interner.names == ["none", "users", "orders"])
    }

    @Test func overflowsAtItsLimit() {
        let interner = LabelInterner(idsMax: 2)
        #expect(interner.id(for: "a") == 1)
        #expect(interner.id(for: "b") == LabelInterner.overflowID)
        #expect(interner.id(for: "a") == 1 && interner.names.count == 2)
    }

    @Test func overflowReadsTheSameInSixteenBits() {
        let key = SeriesKey(.upstreamRequests, b: UInt16(truncatingIfNeeded: LabelInterner.overflowID), c: 200)
        #expect(key.b == .max)
    }
}

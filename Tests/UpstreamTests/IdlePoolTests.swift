import Bytes
import Testing
import Upstream

@Suite struct IdlePoolTests {
    private func key(_ slot: UInt32) -> SlotKey { SlotKey(slot: slot, generation: 3) }
    private func at(_ second: Int64) -> Instant { Instant(nanoseconds: second * 1_000_000_000) }

    @Test func lastInFirstOut() {
        let pool = IdlePool()
        #expect(pool.checkOut() == nil && pool.isEmpty)
        for slot in 1...3 as ClosedRange<UInt32> {
            #expect(pool.checkIn(key(slot), now: at(Int64(slot)), max: 8) == nil)
        }
        #expect(pool.count == 3 && pool.oldestSince == at(1))
        #expect(pool.checkOut() == key(3) && pool.checkOut() == key(2) && pool.checkOut() == key(1))
        #expect(pool.checkOut() == nil)
    }

    @Test func evictsTheOldest() {
        let pool = IdlePool()
        #expect(pool.checkIn(key(1), now: at(1), max: 2) == nil)
        #expect(pool.checkIn(key(2), now: at(2), max: 2) == nil)
        #expect(pool.checkIn(key(3), now: at(3), max: 2) == key(1))
        #expect(pool.count == 2 && pool.checkOut() == key(3) && pool.checkOut() == key(2))
    }

    @Test func keepsNothingAtZero() {
        let pool = IdlePool()
        #expect(pool.checkIn(key(1), now: at(1), max: 0) == key(1))
        #expect(pool.isEmpty)
    }

    @Test func removesWhatWasClosed() {
        let pool = IdlePool()
        for slot in 1...3 as ClosedRange<UInt32> { _ = pool.checkIn(key(slot), now: at(1), max: 8) }
        pool.remove(key(2))
        pool.remove(key(2))
        pool.remove(SlotKey(slot: 3, generation: 4))
        #expect(pool.count == 2 && pool.checkOut() == key(3) && pool.checkOut() == key(1))
    }

    @Test func expiresFromTheOldEnd() {
        let pool = IdlePool()
        for slot in 1...3 as ClosedRange<UInt32> { _ = pool.checkIn(key(slot), now: at(Int64(slot)), max: 8) }
        #expect(pool.takeExpired(idleSince: at(0)) == nil)
        #expect(pool.takeExpired(idleSince: at(2)) == key(1))
        #expect(pool.takeExpired(idleSince: at(2)) == key(2))
        #expect(pool.takeExpired(idleSince: at(2)) == nil)
        #expect(pool.takeAll() == [key(3)] && pool.isEmpty)
    }
}

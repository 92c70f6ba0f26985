import Bytes
import Testing

@Suite struct SlotTableTests {
    final class Item {
        let key: SlotKey
        init(_ key: SlotKey) { self.key = key }
    }

    @Test func findsWhatItHolds() {
        var table = SlotTable<Item>()
        let first = table.insert { Item($0) }
        let second = table.insert { Item($0) }
        #expect(table.count == 2 && first.key.slot == 0 && second.key.slot == 1)
        #expect(table[first.key] === first && table[second.key] === second)
        #expect(table.all.count == 2)
        #expect(table[SlotKey(slot: 9, generation: 0)] == nil)
    }

    @Test func oldKeysFindNothing() {
        var table = SlotTable<Item>()
        let first = table.insert { Item($0) }
        table.remove(first.key)
        #expect(table[first.key] == nil && table.count == 0)
        let tenant = table.insert { Item($0) }
        #expect(tenant.key.slot == first.key.slot && tenant.key != first.key)
        #expect(table[first.key] == nil && table[tenant.key] === tenant)
        table.remove(first.key)
        #expect(table[tenant.key] === tenant && table.count == 1)
    }

    @Test func removingTwiceIsNothing() {
        var table = SlotTable<Item>()
        let item = table.insert { Item($0) }
        table.remove(item.key)
        table.remove(item.key)
        table.remove(SlotKey(slot: 40, generation: 0))
        #expect(table.count == 0)
        let first = table.insert { Item($0) }
        let second = table.insert { Item($0) }
        #expect(first.key.slot != second.key.slot)
    }

    @Test func letsGoOfWhatIsRemoved() {
        var table = SlotTable<Item>()
        weak var observed: Item?
        do {
            let item = table.insert { Item($0) }
            observed = item
            table.remove(item.key)
        }
        #expect(observed == nil)
    }
}

/// Cell numbers by series key: open addressing with linear probing, since look-ups happen on the path of requests.
/// Grows at half full; nothing is ever removed.
struct SeriesIndex {
    /// Keys are never 0: a metric's first series is told from an empty slot by `values`.
    private var keys: [UInt64]
    /// -1: empty.
    private var values: [Int32]
    private var count = 0
    private var shift: UInt64

    init() {
        keys = [UInt64](repeating: 0, count: 64)
        values = [Int32](repeating: -1, count: 64)
        shift = 58
    }

    func find(_ key: UInt64) -> Int? {
        let mask = values.count - 1
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while values[slot] >= 0 {
            if keys[slot] == key { return Int(values[slot]) }
            slot = (slot + 1) & mask
        }
        return nil
    }

    mutating func insert(_ key: UInt64, _ value: Int) {
        if count * 2 >= values.count { grow() }
        count += 1
        place(key, Int32(value))
    }

    private mutating func place(_ key: UInt64, _ value: Int32) {
        let mask = values.count - 1
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        while values[slot] >= 0 { slot = (slot + 1) & mask }
        keys[slot] = key
        values[slot] = value
    }

    private mutating func grow() {
        let oldKeys = keys
        let oldValues = values
        keys = [UInt64](repeating: 0, count: oldValues.count * 2)
        values = [Int32](repeating: -1, count: oldValues.count * 2)
        shift -= 1
        for slot in oldValues.indices where oldValues[slot] >= 0 { place(oldKeys[slot], oldValues[slot]) }
    }
}

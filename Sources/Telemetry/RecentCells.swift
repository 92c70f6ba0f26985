/// The cells that a series object used lately, direct-mapped, so that a status or target that changes from request to
/// request does not cost a look-up in the shard. Eight entries in place: no memory of its own, no reference counts.
struct RecentCells {
    /// No key of a caller: its upper half is a target or a method, and neither goes that far.
    private static let empty = UInt32.max

    private var keys = InlineArray<8, UInt32>(repeating: empty)
    private var cells = InlineArray<8, Int>(repeating: 0)

    private func slot(of key: UInt32) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B1) >> 29)
    }

    /// The cell remembered for `key`, or -1.
    func find(_ key: UInt32) -> Int {
        let slot = slot(of: key)
        return keys[slot] == key && key != Self.empty ? cells[slot] : -1
    }

    mutating func remember(_ key: UInt32, _ cell: Int) {
        let slot = slot(of: key)
        keys[slot] = key
        cells[slot] = cell
    }
}

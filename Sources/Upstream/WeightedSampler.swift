/// Draws members at random in proportion to their weights, in constant time (Walker's alias method, built as by Vose).
struct WeightedSampler: Sendable {
    private struct Column {
        /// Below it the draw is the column's own member, in 2^-32.
        var threshold: UInt64
        var alias: Int32
    }

    private let columns: [Column]

    /// - Parameter weights: all above 0.
    init(weights: [Int]) {
        let sum = weights.reduce(0.0) { $0 + Double($1) }
        var shares = weights.map { Double($0) / sum * Double(weights.count) }
        var columns = weights.indices.map { Column(threshold: 1 << 32, alias: Int32($0)) }
        var small = shares.indices.filter { shares[$0] < 1 }
        var large = shares.indices.filter { shares[$0] >= 1 }
        while let poor = small.popLast(), let rich = large.last {
            columns[poor] = Column(threshold: UInt64(shares[poor] * 4_294_967_296), alias: Int32(rich))
            shares[rich] -= 1 - shares[poor]
            if shares[rich] < 1 {
                large.removeLast()
                small.append(rich)
            }
        }
        self.columns = columns
    }

    /// A member's number. There must be members.
    func draw(_ random: inout SplitMix) -> Int {
        let bits = random.next()
        let index = Int(truncatingIfNeeded: ((bits >> 32) &* UInt64(columns.count)) >> 32)
        return bits & 0xFFFF_FFFF < columns[index].threshold ? index : Int(columns[index].alias)
    }
}

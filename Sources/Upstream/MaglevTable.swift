import Bytes

/// A look-up table from hashes to members that hardly changes when members come or go (Maglev, NSDI 2016, §3.4).
///
/// It depends on names and weights alone, not on their order: every worker and every gateway builds the same table.
///
/// - Limits: `size` entries, so that a member's share is exact to about 1 % with up to 650 members of equal weight.
package struct MaglevTable: Sendable {
    package struct Member: Sendable {
        package var name: String
        /// Above 0.
        package var weight: Int

        package init(name: String, weight: Int) {
            self.name = name
            self.weight = weight
        }
    }

    /// A prime, so that every stride visits every entry.
    package static let size = 65_537

    /// Indexes into the members given at creation; empty when there are none.
    private let entries: [UInt16]

    package init(members: [Member]) {
        entries = members.isEmpty ? [] : Self.fill(members)
    }

    /// The member responsible for `hash`. There must be members.
    package func lookUp(_ hash: UInt64) -> Int {
        // Multiply and shift instead of a division; the low half of the hash is as good as the high one.
        Int(entries[Int(truncatingIfNeeded: ((hash >> 32) &* UInt64(Self.size)) >> 32)])
    }

    /// One member's walk over the table.
    private struct Walk {
        let member: UInt16
        let weight: Double
        var position: Int
        let stride: Int
        /// Turns are taken when the rounds, scaled by the weight, reach it.
        var nextTurn: Double
    }

    private static func fill(_ members: [Member]) -> [UInt16] {
        let order = members.indices.sorted { (members[$0].name, $0) < (members[$1].name, $1) }
        let heaviest = members.reduce(1.0) { max($0, Double($1.weight)) }
        var walks = order.map { index in
            let name = Array(members[index].name.utf8)
            let hash = hashKey(name.span)
            return Walk(
                member: UInt16(index), weight: Double(members[index].weight),
                position: Int(hash % UInt64(size)), stride: Int(hashMixed(hash) % UInt64(size - 1)) + 1,
                nextTurn: heaviest)
        }
        var entries = [UInt16](repeating: .max, count: size)
        var free = size
        var round = 0.0
        while true {
            round += 1
            for index in walks.indices {
                guard round * walks[index].weight >= walks[index].nextTurn else { continue }
                walks[index].nextTurn += heaviest
                var position = walks[index].position
                while entries[position] != .max { position = next(position, walks[index].stride) }
                entries[position] = walks[index].member
                walks[index].position = next(position, walks[index].stride)
                free -= 1
                if free == 0 { return entries }
            }
        }
    }

    private static func next(_ position: Int, _ stride: Int) -> Int {
        let sum = position + stride
        return sum >= size ? sum - size : sum
    }
}

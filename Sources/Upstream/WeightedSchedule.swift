/// One cycle of weighted turns, written out, so that a turn costs one load however many members there are.
///
/// Member i gets `weights[i]` of every cycle, spread as evenly as whole turns allow: after any number of turns from
/// the start its count is less than 1 away from its exact share, and in any window of turns less than 2 (1 when all
/// weights are equal). nginx's smooth weighted round-robin gives the same cycle shares without that bound for every
/// set of weights, at the cost of a scan of all members per request.
///
/// - Limits: `slotsMax` turns per cycle. Weights are first reduced by their common divisor; a sum still larger is
/// scaled   down, each member keeping at least one turn, so that shares are then exact to about 1 in 65,536. -
/// Source: earliest deadline first over windows of a fluid schedule, "proportionate progress" (Baruah et al., 1996).
struct WeightedSchedule: Sendable {
    static let slotsMax = 65_536
    static let membersMax = 65_535

    /// Member numbers in the order of their turns.
    let slots: [UInt16]

    /// - Parameter weights: all above 0; at most `membersMax`.
    init(weights: [Int]) {
        let weights = Self.reduced(weights)
        guard let first = weights.first, weights.contains(where: { $0 != first }) else {
            slots = weights.indices.map { UInt16($0) }
            return
        }
        slots = Self.cycle(weights)
    }

    private static func reduced(_ weights: [Int]) -> [Int] {
        precondition(weights.allSatisfy { $0 > 0 } && weights.count <= membersMax)
        let divisor = weights.reduce(0, greatestCommonDivisor)
        guard divisor > 0 else { return [] }
        let small = weights.map { $0 / divisor }
        let sum = small.reduce(0.0) { $0 + Double($1) }
        guard sum > Double(slotsMax) else { return small }
        // Flooring cannot pass `slotsMax`: the one turn that everybody keeps is set aside first.
        let room = Double(slotsMax - weights.count)
        return small.map { 1 + Int(Double($0) / sum * room) }
    }

    private static func greatestCommonDivisor(_ left: Int, _ right: Int) -> Int {
        var (larger, smaller) = (left, right)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }

    /// Turn c of member i belongs into the window from floor(c·W/w) to ceil((c+1)·W/w); of the turns whose window is
    /// open, the one that closes first goes first. That always meets every window.
    private static func cycle(_ weights: [Int]) -> [UInt16] {
        let total = weights.reduce(0, +)
        var slots: [UInt16] = []
        slots.reserveCapacity(total)
        var turns = [Int](repeating: 0, count: weights.count)
        var opening = [[UInt16]](repeating: [], count: total)
        opening[0] = weights.indices.map { UInt16($0) }
        var open = DeadlineHeap()
        for slot in 0..<total {
            for member in opening[slot] {
                let index = Int(member)
                open.push(deadline: (turns[index] + 1) * total * total / weights[index], member: member)
            }
            opening[slot] = []
            let member = open.pop()
            slots.append(member)
            let index = Int(member)
            turns[index] += 1
            guard turns[index] < weights[index] else { continue }
            opening[max(turns[index] * total / weights[index], slot + 1)].append(member)
        }
        return slots
    }
}

/// Members whose turn may come now, the most urgent first; a binary heap.
private struct DeadlineHeap {
    private var entries: [(deadline: Int, member: UInt16)] = []

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (entries[left].deadline, entries[left].member) < (entries[right].deadline, entries[right].member)
    }

    mutating func push(deadline: Int, member: UInt16) {
        entries.append((deadline, member))
        var child = entries.count - 1
        while child > 0 && precedes(child, (child - 1) / 2) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The most urgent member; there always is one, because open windows never fall behind elapsed turns.
    mutating func pop() -> UInt16 {
        let first = entries[0].member
        let last = entries.removeLast()
        guard !entries.isEmpty else { return first }
        entries[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count && precedes(child, smallest) {
                smallest = child
            }
            guard smallest != parent else { return first }
            entries.swapAt(parent, smallest)
            parent = smallest
        }
    }
}

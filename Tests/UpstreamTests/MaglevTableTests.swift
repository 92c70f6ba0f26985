import Testing

@testable import Upstream

@Suite struct MaglevTableTests {
    private func members(_ range: Range<Int>, weight: Int = 1) -> [MaglevTable.Member] {
        range.map { MaglevTable.Member(name: "10.0.0.\($0):80", weight: weight) }
    }

    private func owners(_ members: [MaglevTable.Member]) -> [String] {
        let table = MaglevTable(members: members)
        var random = SplitMix(seed: 9)
        return (0..<20_000).map { _ in members[table.lookUp(random.next())].name }
    }

    @Test func sharesEvenly() {
        let owners = owners(members(0..<10))
        for member in members(0..<10) {
            let share = Double(owners.count { $0 == member.name }) / Double(owners.count)
            #expect(abs(share - 0.1) < 0.012)
        }
    }

    @Test func honoursWeights() {
        var weighted = members(0..<4)
        weighted[2].weight = 7
        let owners = owners(weighted)
        let share = Double(owners.count { $0 == weighted[2].name }) / Double(owners.count)
        #expect(abs(share - 0.7) < 0.02)
        #expect(owners.contains(weighted[0].name))
    }

    @Test func orderDoesNotMatter() {
        let members = members(0..<9)
        #expect(owners(members) == owners(members.reversed()))
    }

    @Test(arguments: [3, 10, 30]) func hardlyMovesWhenOneLeaves(_ count: Int) {
        let before = members(0..<count)
        let after = Array(before.dropFirst())
        let (old, new) = (owners(before), owners(after))
        var orphans = 0
        var moved = 0
        for (old, new) in zip(old, new) {
            if old == before[0].name { orphans += 1 } else if old != new { moved += 1 }
        }
        // Its own share has to move; of the rest only a few percent may.
        #expect(abs(Double(orphans) / Double(old.count) - 1 / Double(count)) < 0.012)
        #expect(Double(moved) / Double(old.count) < 0.04)
    }

    @Test func isTheSameForEver() {
        // Gateways of different releases stand side by side: these values must not change.
        let key = Array("user-4711".utf8)
        #expect(hashKey(key.span) == Self.expectedHash)
        let table = MaglevTable(members: members(0..<5))
        #expect((0..<8).map { table.lookUp(UInt64($0) &* 0x9E37_79B9_7F4A_7C15) } == Self.expectedOwners)
    }

    static let expectedHash: UInt64 = 15_397_416_732_803_299_317
    static let expectedOwners = [1, 1, 2, 3, 2, 0, 0, 4]

    @Test func oneMemberOwnsAll() {
        let table = MaglevTable(members: members(0..<1))
        #expect(table.lookUp(0) == 0 && table.lookUp(.max) == 0)
    }
}

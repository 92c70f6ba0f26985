import Bytes
import Synchronization
import Testing

@Suite struct AtomicCellsTests {
    @Test func countsAndKeepsKeys() throws {
        let cells = AtomicCells()
        #expect(cells.count == 0)
        let first = try #require(cells.append(key: 11))
        let block = try #require(cells.append(key: 22, count: 3))
        #expect(first == 0 && block == 1 && cells.count == 4)
        cells.add(first, 5)
        cells.add(first, 6)
        cells.store(block + 2, .max)
        cells.add(block + 2, 2)
        #expect(cells.load(first) == 11)
        #expect(cells.load(block) == 0 && cells.load(block + 2) == 1)
        #expect((0..<4).map { cells.key($0) } == [11, 22, 22, 22])
    }

    @Test func spansChunks() throws {
        let cells = AtomicCells()
        for index in 0..<200 { #expect(cells.append(key: UInt64(index), count: 16) == index * 16) }
        _ = try #require(cells.append(key: 7, count: 15))
        let across = try #require(cells.append(key: 8, count: 1024))
        for index in across..<(across + 1024) { cells.add(index, UInt64(index)) }
        for index in across..<(across + 1024) {
            #expect(cells.load(index) == UInt64(index) && cells.key(index) == 8)
        }
    }

    @Test func refusesPastTheLimit() {
        let cells = AtomicCells()
        #expect(cells.append(key: 1, count: AtomicCells.cellsMax + 1) == nil)
        #expect(cells.count == 0)
    }

    @Test func readersSeeWholeEntries() async throws {
        // A reader on another thread: whatever it sees below `count` has its key, and counters never run backwards.
        let cells = AtomicCells()
        let isDone = Atomic(false)
        let appended = 20_000
        async let seen: Int = Task.detached {
            var last = 0
            while true {
                let ends = isDone.load(ordering: .acquiring)
                let count = cells.count
                if count > 0 {
                    let newest = count - 1
                    #expect(cells.key(newest) == UInt64(newest / 4) + 1)
                    let value = Int(cells.load(0))
                    #expect(value >= last)
                    last = value
                }
                if ends { return count }
            }
        }.value
        for index in 0..<appended {
            _ = cells.append(key: UInt64(index) + 1, count: 4)
            cells.add(0, 1)
        }
        isDone.store(true, ordering: .releasing)
        #expect(await seen == appended * 4)
        #expect(cells.load(0) == UInt64(appended))
    }

    @Test func trapsOutOfRange() async {
        await #expect(processExitsWith: .failure) { AtomicCells().add(0, 1) }
        await #expect(processExitsWith: .failure) { _ = AtomicCells().load(-1) }
    }
}

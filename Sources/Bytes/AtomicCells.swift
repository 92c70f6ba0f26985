package import Synchronization

/// A growing table of 64-bit counters that one thread writes and every thread may read, without locks.
///
/// Cells are only ever added. They live in chunks that never move, so a reader needs no coordination with growth: a
/// cell is visible once `count` covers it. Writing is a plain load and store, not a locked instruction, which is right
/// only because there is a single writer.
///
/// - Limits: `cellsMax` cells.
/// - Threads: `append`, `add` and `store` on the owning thread only; `count`, `load` and `key` on any.
/// - Soundness of `@unchecked Sendable`: the pointers are set once, every word behind them that two threads touch is
///   atomic or was written before the releasing store of `count` that a reader acquires, and nothing is freed before
///   the last reference goes.
@safe
package final class AtomicCells: @unchecked Sendable {
    @usableFromInline static let chunkShift = 10
    @usableFromInline static let chunkCells = 1 << 10
    package static let chunksMax = 4096
    package static let cellsMax = 4096 << 10

    /// One entry per chunk; entries up to `count` are set and never change again.
    @usableFromInline let chunks: UnsafeMutablePointer<UnsafeMutablePointer<Atomic<UInt64>>?>
    private let keys: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>?>
    /// What readers may touch. The writer reads its own last store, so a relaxed load will do there.
    @usableFromInline let published = Atomic<Int>(0)

    package init() {
        unsafe chunks = .allocate(capacity: Self.chunksMax)
        unsafe chunks.initialize(repeating: nil, count: Self.chunksMax)
        unsafe keys = .allocate(capacity: Self.chunksMax)
        unsafe keys.initialize(repeating: nil, count: Self.chunksMax)
    }

    deinit {
        for index in 0..<Self.chunksMax {
            unsafe chunks[index]?.deinitialize(count: Self.chunkCells)
            unsafe chunks[index]?.deallocate()
            unsafe keys[index]?.deallocate()
        }
        unsafe chunks.deallocate()
        unsafe keys.deallocate()
    }

    /// Cells that exist, for readers: every index below it may be read.
    package var count: Int { published.load(ordering: .acquiring) }

    /// Adds `count` neighbouring cells of value 0 under one key; they appear to readers together.
    ///
    /// - Returns: the index of the first, or nil when the table is full.
    package func append(key: UInt64, count: Int = 1) -> Int? {
        precondition(count > 0)
        let first = published.load(ordering: .relaxed)
        let end = first + count
        guard end <= Self.cellsMax else { return nil }
        for index in first..<end {
            let chunk = index >> Self.chunkShift
            if unsafe chunks[chunk] == nil { addChunk(chunk) }
            // Sound: the chunk was just made sure of, and no reader looks at this index before `published` covers it.
            unsafe keys[chunk]?[index & (Self.chunkCells - 1)] = key
        }
        published.store(end, ordering: .releasing)
        return first
    }

    private func addChunk(_ chunk: Int) {
        let cells = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: Self.chunkCells)
        for index in 0..<Self.chunkCells { unsafe (cells + index).initialize(to: Atomic(0)) }
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.chunkCells)
        unsafe words.initialize(repeating: 0, count: Self.chunkCells)
        unsafe chunks[chunk] = unsafe cells
        unsafe keys[chunk] = unsafe words
    }

    @inlinable @inline(__always)
    func isInRange(_ index: Int) -> Bool {
        UInt(bitPattern: index) < UInt(bitPattern: published.load(ordering: .relaxed))
    }

    /// Adds `amount`, wrapping; a gauge goes down by adding a negative number's bit pattern. Owner only.
    @inlinable @inline(__always)
    package func add(_ index: Int, _ amount: UInt64) {
        precondition(isInRange(index), "metric cell out of range")
        // Sound: chunks below `published` exist. Relaxed: readers want a recent value, not an order between cells.
        guard let chunk = unsafe chunks[index >> Self.chunkShift] else { return }
        let offset = index & (Self.chunkCells - 1)
        let value = unsafe chunk[offset].load(ordering: .relaxed)
        unsafe chunk[offset].store(value &+ amount, ordering: .relaxed)
    }

    /// Sets a cell. Owner only.
    @inlinable
    package func store(_ index: Int, _ value: UInt64) {
        precondition(isInRange(index), "metric cell out of range")
        // Sound: as in `add`.
        unsafe chunks[index >> Self.chunkShift]?[index & (Self.chunkCells - 1)].store(value, ordering: .relaxed)
    }

    /// The present value of a cell below `count`. Any thread.
    package func load(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < published.load(ordering: .acquiring), "metric cell out of range")
        // Sound: the acquiring load above makes every chunk below it visible.
        guard let chunk = unsafe chunks[index >> Self.chunkShift] else { return 0 }
        return unsafe chunk[index & (Self.chunkCells - 1)].load(ordering: .relaxed)
    }

    /// The key that a cell below `count` was added under. Any thread.
    package func key(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < published.load(ordering: .acquiring), "metric cell out of range")
        // Sound: as in `load`; a key is written once, before its cell is published.
        guard let words = unsafe keys[index >> Self.chunkShift] else { return 0 }
        return unsafe words[index & (Self.chunkCells - 1)]
    }
}

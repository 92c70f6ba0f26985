import Synchronization

/// Bytes from one thread to another through fixed memory, without a lock; a piece that does not fit is refused whole.
///
/// - Threads: `write` on one thread, `readable` and `consume` on one other; `droppedCount` on any.
/// - Soundness of `@unchecked Sendable`: the memory between the two indexes belongs to the reader, the rest to the
///   writer, and each index is moved by its owner with a releasing store that the other acquires.
@safe
package final class ByteRing: @unchecked Sendable {
    private let storage: UnsafeMutablePointer<UInt8>
    package let capacity: Int
    /// Bytes ever read and ever written; their difference is what waits.
    private let readCount = Atomic<Int>(0)
    private let writtenCount = Atomic<Int>(0)
    /// Pieces that were refused.
    private let dropped = Atomic<Int>(0)

    /// - Parameter capacity: a power of two. Pages are taken from the system as they are first used.
    package init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        self.capacity = capacity
        unsafe storage = .allocate(capacity: capacity)
    }

    deinit {
        unsafe storage.deallocate()
    }

    package var droppedCount: Int { dropped.load(ordering: .relaxed) }
    /// Bytes that wait.
    package var count: Int { writtenCount.load(ordering: .acquiring) - readCount.load(ordering: .acquiring) }
    package var isEmpty: Bool { count == 0 }

    /// Adds all of `bytes`, or counts them as dropped.
    ///
    /// - Returns: bytes that wait now; nil when there was no room.
    package func write(_ bytes: Span<UInt8>) -> Int? {
        let start = writtenCount.load(ordering: .relaxed)
        let waiting = start - readCount.load(ordering: .acquiring)
        guard bytes.count <= capacity - waiting else {
            dropped.wrappingAdd(1, ordering: .relaxed)
            return nil
        }
        let offset = start & (capacity - 1)
        let firstCount = min(bytes.count, capacity - offset)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            // Sound: the reader has left this room, and the two parts together are as long as the source.
            unsafe (storage + offset).update(from: base, count: firstCount)
            unsafe storage.update(from: base + firstCount, count: bytes.count - firstCount)
        }
        writtenCount.store(start + bytes.count, ordering: .releasing)
        return waiting + bytes.count
    }

    /// The first bytes that wait and lie together; empty when nothing waits.
    package var readable: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let start = readCount.load(ordering: .relaxed)
            let offset = start & (capacity - 1)
            let count = min(writtenCount.load(ordering: .acquiring) - start, capacity - offset)
            // Sound: these bytes were written before `writtenCount` covered them, and stay until `consume`.
            let bytes = unsafe Span<UInt8>(_unsafeStart: storage + offset, count: count)
            return unsafe _overrideLifetime(bytes, borrowing: self)
        }
    }

    /// Gives the first `count` bytes back to the writer.
    package func consume(_ count: Int) {
        let start = readCount.load(ordering: .relaxed)
        precondition(count >= 0 && count <= writtenCount.load(ordering: .acquiring) - start)
        readCount.store(start + count, ordering: .releasing)
    }
}

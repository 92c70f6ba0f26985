import Synchronization

/// Theoretical arrival times (GCRA) of many keys in fixed memory, exact over all threads that use them.
///
/// Eight cells make a bucket, of two cache lines; a key's hash says which bucket. A cell whose time has passed is worth
/// nothing, since its key has its whole burst again, so that giving it to another key loses nothing; that is the only
/// way a cell changes hands. Where all eight are in use, a key shares one of a few overflow cells: a flood of keys
/// never takes a cell from one that is limited.
///
/// - Threads: any. Taking from a cell is a compare-and-swap; a new key takes its bucket's lock for a few stores.
/// - Soundness of `@unchecked Sendable`: the pointers are set once, every word behind them is atomic, and nothing is
///   freed before the last reference goes.
@safe
package final class RateCells: @unchecked Sendable {
    package enum Outcome: Equatable, Sendable {
        /// The key's time is `until` now.
        case admitted(until: UInt64)
        /// It stays what it was.
        case refused(until: UInt64)
    }

    private let tags: UnsafeMutablePointer<Atomic<UInt64>>
    private let times: UnsafeMutablePointer<Atomic<UInt64>>
    private let locks: UnsafeMutablePointer<Atomic<UInt32>>
    private let overflow: UnsafeMutablePointer<Atomic<UInt64>>
    private let bucketCount: Int
    private let overflowUses = Atomic<Int>(0)

    private static let ways = 8
    private static let overflowCount = 1024
    /// Stands in place of a time while a cell changes hands.
    private static let busy = UInt64.max
    private static let spinsMax = 2048

    /// - Parameter cells: rounded up to a power of two; each takes 16 bytes.
    package init(cells: Int) {
        var buckets = 1
        while buckets * Self.ways < cells { buckets *= 2 }
        bucketCount = buckets
        let count = buckets * Self.ways
        unsafe tags = .allocate(capacity: count)
        unsafe times = .allocate(capacity: count)
        unsafe locks = .allocate(capacity: buckets)
        unsafe overflow = .allocate(capacity: Self.overflowCount)
        for index in 0..<count {
            unsafe (tags + index).initialize(to: Atomic(0))
            unsafe (times + index).initialize(to: Atomic(0))
        }
        for index in 0..<buckets { unsafe (locks + index).initialize(to: Atomic(0)) }
        for index in 0..<Self.overflowCount { unsafe (overflow + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe tags.deallocate()
        unsafe times.deallocate()
        unsafe locks.deallocate()
        unsafe overflow.deallocate()
    }

    package var byteCount: Int { bucketCount * (Self.ways * 16 + 4) + Self.overflowCount * 8 }
    /// How often a key found no cell of its own.
    package var overflowCount: Int { overflowUses.load(ordering: .relaxed) }

    /// The key's time now; 0 for one that nothing is known of. A key in an overflow cell is not looked for.
    package func time(of tag: UInt64) -> UInt64 {
        let start = bucket(of: tag) &* Self.ways
        for index in start..<start &+ Self.ways where unsafe tags[index].load(ordering: .acquiring) == tag {
            let time = unsafe times[index].load(ordering: .acquiring)
            return time == Self.busy ? 0 : time
        }
        return 0
    }

    /// Moves the key's time by `increment` unless it would come to lie more than `tolerance` behind `now`.
    ///
    /// - Parameter now: nanoseconds of a clock that all callers share.
    package func charge(_ tag: UInt64, now: UInt64, increment: UInt64, tolerance: UInt64) -> Outcome {
        let bucket = bucket(of: tag)
        let start = bucket &* Self.ways
        for _ in 0..<Self.spinsMax {
            for index in start..<start &+ Self.ways where unsafe tags[index].load(ordering: .acquiring) == tag {
                if let outcome = move(index, tag, now, increment, tolerance) { return outcome }
            }
            // Nothing may be known of it; whoever else brings the same key in this moment waits for the lock.
            guard unsafe locks[bucket].compareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged else {
                continue
            }
            let outcome = insert(start, tag, now, increment, tolerance)
            unsafe locks[bucket].store(0, ordering: .releasing)
            switch outcome {
            case .done(let outcome): return outcome
            case .isThere: continue
            case .isFull: return chargeOverflow(tag, now, increment, tolerance)
            }
        }
        return chargeOverflow(tag, now, increment, tolerance)
    }

    private func bucket(of tag: UInt64) -> Int { Int(truncatingIfNeeded: tag) & (bucketCount &- 1) }

    /// nil when the cell has gone to another key meanwhile.
    private func move(
        _ index: Int, _ tag: UInt64, _ now: UInt64, _ increment: UInt64, _ tolerance: UInt64
    ) -> Outcome? {
        for _ in 0..<Self.spinsMax {
            let time = unsafe times[index].load(ordering: .acquiring)
            guard unsafe tags[index].load(ordering: .acquiring) == tag else { return nil }
            if time == Self.busy { continue }
            let next = max(time, now) &+ increment
            if next &- now > tolerance { return .refused(until: time) }
            // Times of a cell only grow, whoever's they are: one that is the same is the one that was read.
            if unsafe times[index].compareExchange(expected: time, desired: next, ordering: .acquiringAndReleasing)
                .exchanged
            {
                return .admitted(until: next)
            }
        }
        return nil
    }

    private enum Insertion {
        case done(Outcome)
        case isThere, isFull
    }

    /// Under the bucket's lock.
    private func insert(
        _ start: Int, _ tag: UInt64, _ now: UInt64, _ increment: UInt64, _ tolerance: UInt64
    ) -> Insertion {
        for index in start..<start &+ Self.ways where unsafe tags[index].load(ordering: .acquiring) == tag {
            return .isThere
        }
        if increment > tolerance { return .done(.refused(until: now)) }
        for index in start..<start &+ Self.ways {
            let time = unsafe times[index].load(ordering: .acquiring)
            guard time <= now else { continue }
            guard
                unsafe times[index].compareExchange(
                    expected: time, desired: Self.busy, ordering: .acquiringAndReleasing
                ).exchanged
            else { continue }
            unsafe tags[index].store(tag, ordering: .releasing)
            let next = now &+ increment
            unsafe times[index].store(next, ordering: .releasing)
            return .done(.admitted(until: next))
        }
        return .isFull
    }

    private func chargeOverflow(
        _ tag: UInt64, _ now: UInt64, _ increment: UInt64, _ tolerance: UInt64
    ) -> Outcome {
        overflowUses.wrappingAdd(1, ordering: .relaxed)
        let index = Int(truncatingIfNeeded: tag &>> 48) & (Self.overflowCount &- 1)
        while true {
            let time = unsafe overflow[index].load(ordering: .acquiring)
            let next = max(time, now) &+ increment
            if next &- now > tolerance { return .refused(until: time) }
            if unsafe overflow[index].compareExchange(expected: time, desired: next, ordering: .acquiringAndReleasing)
                .exchanged
            {
                return .admitted(until: next)
            }
        }
    }
}

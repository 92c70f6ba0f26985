package import Bytes

/// Coarse timers of one worker: a hashed wheel of lists, 16 ms a tick.
///
/// Meant for deadlines that nearly always move before they come. The owner keeps its true deadline in a field of its
/// own and leaves the wheel alone while that only moves later; an entry that comes up early is put back by
/// `reschedule`. So a request costs the wheel nothing.
///
/// - Units: resolution is one tick (16 ms); a timer fires up to two ticks late and never early.
/// - Threads: owned by one worker. A class, since passing a struct that is a property of the worker `inout` is checked
///   for exclusive access at run time, on each move of a deadline.
package final class TimerWheel {
    /// A timer's place; valid until it is cancelled.
    package typealias ID = Int32

    package static let none: ID = -1

    private struct Node {
        var bits: UInt64
        var tick: Int64
        var next: Int32
        var previous: Int32
    }

    private static let tickShift: Int64 = 24  // 2^24 ns = 16.8 ms
    private static let bucketCount = 2048  // one turn of the wheel is 34 s; later timers go round again
    private var nodes: [Node] = []
    private var freeHead: Int32 = -1
    private var buckets = [Int32](repeating: -1, count: TimerWheel.bucketCount)
    private var occupied = [UInt64](repeating: 0, count: TimerWheel.bucketCount / 64)
    private var currentTick: Int64
    package private(set) var count = 0

    package init(now: Instant) {
        currentTick = now.nanoseconds >> Self.tickShift
    }

    /// Arms a timer that yields `token` at or after `deadline`.
    package func schedule(_ token: Token, at deadline: Instant) -> ID {
        let id: Int32
        if freeHead >= 0 {
            id = freeHead
            freeHead = nodes[Int(id)].next
            nodes[Int(id)] = Node(bits: token.bits, tick: 0, next: -1, previous: -1)
        } else {
            id = Int32(nodes.count)
            nodes.append(Node(bits: token.bits, tick: 0, next: -1, previous: -1))
        }
        link(id, at: deadline)
        count += 1
        return id
    }

    /// Moves an armed or just expired timer.
    package func reschedule(_ id: ID, at deadline: Instant) {
        if nodes[Int(id)].tick >= 0 { unlink(id) }
        link(id, at: deadline)
    }

    /// Frees a timer, armed or just expired.
    package func cancel(_ id: ID) {
        if nodes[Int(id)].tick >= 0 { unlink(id) }
        nodes[Int(id)].next = freeHead
        freeHead = id
        count -= 1
    }

    /// Collects the tokens of timers that have come up. They stay allocated: their owners reschedule or cancel them.
    package func advance(to now: Instant, expired: inout [Token]) {
        expired.removeAll(keepingCapacity: true)
        let target = now.nanoseconds >> Self.tickShift
        guard target > currentTick else { return }
        if count > 0 {
            // Past one whole turn every bucket is visited once, and its list filtered by tick.
            var tick = max(currentTick + 1, target - Int64(Self.bucketCount) + 1)
            while tick <= target {
                let bucket = Int(tick & Int64(Self.bucketCount - 1))
                if occupied[bucket >> 6] & (1 << UInt64(bucket & 63)) != 0 {
                    expire(bucket: bucket, through: target, into: &expired)
                }
                tick += 1
            }
        }
        currentTick = target
    }

    /// Milliseconds until the next bucket with a timer in it, at most `limit`; early for timers of a later turn.
    package func millisecondsToNext(limit: Int32) -> Int32 {
        guard count > 0 else { return limit }
        let start = Int((currentTick + 1) & Int64(Self.bucketCount - 1))
        var word = start >> 6
        var bits = occupied[word] & (~0 << UInt64(start & 63))
        var distance = 0
        for _ in 0...(Self.bucketCount / 64) {
            if bits != 0 {
                let bucket = word << 6 + bits.trailingZeroBitCount
                distance = (bucket - start + Self.bucketCount) & (Self.bucketCount - 1)
                let milliseconds = (Int64(distance + 1) << Self.tickShift) / 1_000_000 + 1
                return Int32(min(Int64(limit), milliseconds))
            }
            word = (word + 1) & (Self.bucketCount / 64 - 1)
            bits = occupied[word]
        }
        return limit
    }

    private func expire(bucket: Int, through target: Int64, into expired: inout [Token]) {
        var id = buckets[bucket]
        while id >= 0 {
            let next = nodes[Int(id)].next
            if nodes[Int(id)].tick <= target {
                unlink(id)
                expired.append(Token(bits: nodes[Int(id)].bits))
            }
            id = next
        }
    }

    private func link(_ id: ID, at deadline: Instant) {
        // Rounded up, and never into the tick that is being served.
        let tick = max(deadline.nanoseconds >> Self.tickShift + 1, currentTick + 1)
        let bucket = Int(tick & Int64(Self.bucketCount - 1))
        let head = buckets[bucket]
        nodes[Int(id)].tick = tick
        nodes[Int(id)].previous = -1
        nodes[Int(id)].next = head
        if head >= 0 { nodes[Int(head)].previous = id }
        buckets[bucket] = id
        occupied[bucket >> 6] |= 1 << UInt64(bucket & 63)
    }

    private func unlink(_ id: ID) {
        let node = nodes[Int(id)]
        let bucket = Int(node.tick & Int64(Self.bucketCount - 1))
        if node.previous >= 0 { nodes[Int(node.previous)].next = node.next } else { buckets[bucket] = node.next }
        if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
        if buckets[bucket] < 0 { occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63)) }
        nodes[Int(id)].tick = -1
    }
}

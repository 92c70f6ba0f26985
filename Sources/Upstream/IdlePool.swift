package import Bytes

/// The idle keep-alive connections of one endpoint on one worker, in the order they became idle.
///
/// The most recent one is used first: it is the least likely to have been closed by the peer, and a pool that is larger
/// than the load needs lets its oldest connections run into their timeout.
package final class IdlePool {
    private struct Entry {
        var key: SlotKey
        var since: Instant
    }

    private var entries: [Entry] = []

    package init() {}

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }

    /// Adds a connection that became idle at `now`.
    ///
    /// - Returns: a connection that the caller has to close: the oldest, when the pool held `max` already, or `key`
    ///   itself when `max` is 0.
    package func checkIn(_ key: SlotKey, now: Instant, max: Int) -> SlotKey? {
        guard max > 0 else { return key }
        return change { entries in
            let evicted = entries.count >= max ? entries.removeFirst().key : nil
            entries.append(Entry(key: key, since: now))
            return evicted
        }
    }

    /// Takes the connection that became idle last.
    package func checkOut() -> SlotKey? {
        change { $0.popLast()?.key }
    }

    /// Forgets a connection that was closed; nothing happens when it is not here.
    package func remove(_ key: SlotKey) {
        // From the end: what the peer closes is often what was used last.
        var index = entries.count - 1
        while index >= 0 {
            if entries[index].key == key {
                change { _ = $0.remove(at: index) }
                return
            }
            index -= 1
        }
    }

    /// Takes the oldest connection if it has been idle since `limit` or longer.
    package func takeExpired(idleSince limit: Instant) -> SlotKey? {
        guard let oldest = entries.first, oldest.since <= limit else { return nil }
        return change { $0.removeFirst().key }
    }

    /// Has `body` change the entries outside of their property: an access that spans a call, such as one that may
    /// allocate, would have every other be checked for exclusive access.
    @inline(__always)
    private func change<Result>(_ body: (inout [Entry]) -> Result) -> Result {
        var taken: [Entry] = []
        swap(&taken, &entries)
        defer { swap(&taken, &entries) }
        return body(&taken)
    }

    /// When the oldest connection became idle.
    package var oldestSince: Instant? { entries.first?.since }

    /// Takes all connections, to close them.
    package func takeAll() -> [SlotKey] {
        let keys = entries.map(\.key)
        entries.removeAll()
        return keys
    }
}

import Bytes
package import Config
import Synchronization

/// The counters of one limit: the same for all workers, and for all generations that say the same.
package final class RateLimitTable: Sendable {
    /// One rate in nanoseconds.
    package struct Rate: Sendable {
        let cells: RateCells
        /// Between two requests at the sustained rate.
        let interval: UInt64
        let tolerance: UInt64
        let burst: UInt64
    }

    package let rates: [Rate]

    package init(_ config: RateLimitFilterConfig) {
        rates = config.limits.map { rate in
            let interval = UInt64(max(rate.period.nanoseconds / Int64(rate.count), 1))
            return Rate(
                cells: RateCells(cells: config.keysMax), interval: interval,
                tolerance: interval &* UInt64(rate.burst), burst: UInt64(rate.burst))
        }
    }

    package var byteCount: Int { rates.reduce(0) { $0 + $1.cells.byteCount } }
    package var overflowCount: Int { rates.reduce(0) { $0 + $1.cells.overflowCount } }

    /// What a request may do.
    package struct Decision: Equatable {
        package var isAdmitted: Bool
        /// The rate that leaves least, or that refused.
        package var rate: Int
        /// Requests that may follow at once.
        package var remaining: UInt64
        /// Nanoseconds until the burst is whole again.
        package var reset: UInt64
        /// Nanoseconds until the request would pass; 0 for one that does.
        package var retry: UInt64

        package init(isAdmitted: Bool, rate: Int, remaining: UInt64, reset: UInt64, retry: UInt64) {
            self.isAdmitted = isAdmitted
            self.rate = rate
            self.remaining = remaining
            self.reset = reset
            self.retry = retry
        }
    }

    /// A request that one of the rates refuses is charged to none; only where two requests of one key race may one be
    /// charged to some.
    package func take(_ tag: UInt64, now: UInt64, cost: UInt64) -> Decision {
        if rates.count > 1 {
            for index in rates.indices {
                let rate = rates[index]
                let time = rate.cells.time(of: tag)
                let next = max(time, now) &+ rate.interval &* cost
                if next &- now > rate.tolerance { return refusal(index, time, now, cost) }
            }
        }
        var tightest = Decision(isAdmitted: true, rate: 0, remaining: .max, reset: 0, retry: 0)
        for index in rates.indices {
            let rate = rates[index]
            switch rate.cells.charge(tag, now: now, increment: rate.interval &* cost, tolerance: rate.tolerance) {
            case .refused(let time): return refusal(index, time, now, cost)
            case .admitted(let until):
                let reset = until &- now
                let remaining = (rate.tolerance &- reset) / rate.interval
                if remaining < tightest.remaining {
                    tightest.rate = index
                    tightest.remaining = remaining
                    tightest.reset = reset
                }
            }
        }
        return tightest
    }

    private func refusal(_ index: Int, _ time: UInt64, _ now: UInt64, _ cost: UInt64) -> Decision {
        let rate = rates[index]
        let reset = max(time, now) &- now
        let needed = reset &+ rate.interval &* cost
        return Decision(
            isAdmitted: false, rate: index,
            remaining: reset > rate.tolerance ? 0 : (rate.tolerance &- reset) / rate.interval,
            reset: reset, retry: needed > rate.tolerance ? needed &- rate.tolerance : 0)
    }
}

/// The tables of all limits that any generation uses; one that none uses any more is freed.
package final class RateLimitTables: Sendable {
    private struct Identity: Hashable {
        var name: String
        var owner: String
        var meaning: String
    }

    private struct Weak {
        weak var table: RateLimitTable?
    }

    private let tables = Mutex<[Identity: Weak]>([:])

    package init() {}

    /// The table of that limit: the same as before while it means the same.
    ///
    /// - Parameter owner: the route of a limit that has no definition of its own; empty for others.
    package func table(named name: String, owner: String, _ config: RateLimitFilterConfig) -> RateLimitTable {
        var counted = config
        // What does not change the counting.
        counted.isShadow = false
        counted.headers = true
        counted.cost = 1
        let identity = Identity(name: name, owner: owner, meaning: "\(counted)")
        return tables.withLock { tables in
            if let known = tables[identity]?.table { return known }
            tables = tables.filter { $0.value.table != nil }
            let table = RateLimitTable(config)
            tables[identity] = Weak(table: table)
            return table
        }
    }

    /// How often keys found no cell of their own, by limit.
    package func overflows() -> [(name: String, count: Int)] {
        tables.withLock { tables in
            var counts: [String: Int] = [:]
            for (identity, weak) in tables {
                if let table = weak.table { counts[identity.name, default: 0] += table.overflowCount }
            }
            return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
    }
}

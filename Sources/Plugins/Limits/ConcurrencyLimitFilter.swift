package import Config
import Synchronization
package import Telemetry

/// Requests under way, by key: a fixed number of counters, which keys share where there are more of them.
package final class ConcurrencyTable: Sendable {
    private let counters: [Counter]

    private final class Counter: Sendable {
        let count = Atomic<Int>(0)
    }

    package init(keysMax: Int) {
        counters = (0..<keysMax).map { _ in Counter() }
    }

    /// Takes a place; false where there is none.
    func take(_ tag: UInt64, max: Int) -> Bool {
        let counter = counters[Int(tag % UInt64(counters.count))]
        if counter.count.wrappingAdd(1, ordering: .relaxed).newValue <= max { return true }
        counter.count.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    func give(_ tag: UInt64) {
        counters[Int(tag % UInt64(counters.count))].count.wrappingSubtract(1, ordering: .relaxed)
    }
}

/// The tables of all concurrency limits that any generation uses.
package final class ConcurrencyTables: Sendable {
    private struct Weak {
        weak var table: ConcurrencyTable?
    }

    private let tables = Mutex<[String: Weak]>([:])

    package init() {}

    /// The same as before while the limit counts the same; another `max` changes nothing about the counters.
    package func table(
        named name: String, owner: String, _ config: ConcurrencyLimitFilterConfig
    ) -> ConcurrencyTable {
        let identity = "\(name)\u{0}\(owner)\u{0}\(config.keys)\u{0}\(config.keysMax)"
        return tables.withLock { tables in
            if let known = tables[identity]?.table { return known }
            tables = tables.filter { $0.value.table != nil }
            // One counter serves where there is one key.
            let table = ConcurrencyTable(keysMax: config.keys == [.global] ? 1 : config.keysMax)
            tables[identity] = Weak(table: table)
            return table
        }
    }
}

/// `concurrency-limit`: so many requests under way at once, over all workers; 429 past it.
package final class ConcurrencyLimitFilter: Filter {
    package let name: String
    package var phases: FilterPhases { .log }
    private var slot = 0
    private let table: ConcurrencyTable
    private let key: LimitKey
    private let max: Int
    private let isShadow: Bool
    private let series: RateLimitSeries

    /// That a request holds a place, and by which key.
    private final class Place {
        let tag: UInt64

        init(_ tag: UInt64) {
            self.tag = tag
        }
    }

    package init(
        name: String, _ config: ConcurrencyLimitFilterConfig, table: ConcurrencyTable, series: RateLimitSeries
    ) {
        self.name = name
        self.table = table
        self.series = series
        key = LimitKey(config.keys)
        max = config.max
        isShadow = config.isShadow
    }

    package func place(at slot: Int) { self.slot = slot }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        let tag = key.tag(of: exchange)
        if table.take(tag, max: max) {
            exchange.setState(of: slot, Place(tag))
            series.count(.allowed)
            return .proceed
        }
        if isShadow {
            series.count(.shadowed)
            return .proceed
        }
        series.count(.limited)
        var response = LocalResponse(status: 429, reason: .rateLimited)
        response.headers = [HeaderPair(name: Array("retry-after".utf8), value: Array("1".utf8))]
        return .respond(response)
    }

    package func onLog(_ exchange: any FilterExchange) {
        guard let place = exchange.state(of: slot) as? Place else { return }
        exchange.setState(of: slot, nil)
        table.give(place.tag)
    }
}

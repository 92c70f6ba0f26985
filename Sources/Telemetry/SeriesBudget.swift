import Synchronization

/// Keeps every metric family within the number of series it declares, over all workers.
///
/// - Threads: any. Takes a lock, once for each series that a worker sees for the first time, never after that.
package final class SeriesBudget: Sendable {
    private struct State {
        var admitted: Set<SeriesKey> = []
        var counts = [Int](repeating: 0, count: 256)
    }

    private let state = Mutex(State())
    private let limits: [Int]

    /// - Parameter limit: series of one metric; its declaration's unless a test says otherwise.
    package init(limit: (GatewayMetric) -> Int = { $0.declaration.seriesMax }) {
        limits = GatewayMetric.allCases.map(limit)
    }

    /// Whether the series may exist: it does already, or its family has room.
    func admits(_ key: SeriesKey, of metric: GatewayMetric) -> Bool {
        let slot = Int(metric.rawValue)
        return state.withLock { state in
            if state.admitted.contains(key) { return true }
            guard state.counts[slot] < limits[slot] else { return false }
            state.counts[slot] += 1
            state.admitted.insert(key)
            return true
        }
    }
}

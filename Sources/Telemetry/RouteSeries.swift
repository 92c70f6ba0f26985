/// What is known of an exchange when it ends.
package struct ExchangeObservation: Sendable {
    /// Raw value of the method, as the registry's method names count.
    package var method: UInt8 = 0
    /// The status sent; 0 when the connection was cut before one was.
    package var status = 0
    package var reason = EndReason.ok
    package var durationNanoseconds: Int64 = 0
    package var overheadNanoseconds: Int64 = 0
    package var requestBytes = 0
    package var responseBytes = 0

    package init() {}
}

/// The series of one route on one worker, with their cells looked up already.
///
/// - Threads: the worker's own.
package final class RouteSeries {
    private let shard: MetricShard
    private let route: UInt32
    /// Cells exist from the first request on, so that ten thousand idle routes cost nothing.
    private var duration = -1
    private var overhead = -1
    private var requestBytes = -1
    private var responseBytes = -1
    /// By method and status.
    private var requests = RecentCells()
    private var reasons = RecentCells()

    /// - Parameter route: the id of the route's name in `MetricRegistry.routes`.
    package init(shard: MetricShard, route: UInt32) {
        self.shard = shard
        self.route = route
    }

    /// Records one ended exchange.
    package func observe(_ exchange: ExchangeObservation) {
        if duration < 0 { openCells() }
        let request = UInt32(exchange.method) << 16 | UInt32(truncatingIfNeeded: exchange.status & 0xFFFF)
        let requestCell = requests.find(request)
        shard.add(requestCell >= 0 ? requestCell : lookUp(request: request), 1)
        let reasonCell = reasons.find(UInt32(exchange.reason.rawValue))
        shard.add(reasonCell >= 0 ? reasonCell : lookUp(exchange.reason), 1)
        shard.observe(duration, nanoseconds: exchange.durationNanoseconds)
        shard.observe(overhead, nanoseconds: exchange.overheadNanoseconds)
        shard.add(requestBytes, UInt64(truncatingIfNeeded: exchange.requestBytes))
        shard.add(responseBytes, UInt64(truncatingIfNeeded: exchange.responseBytes))
    }

    @inline(never)
    private func lookUp(request: UInt32) -> Int {
        let method = UInt16(truncatingIfNeeded: request >> 16)
        let cell = shard.cell(SeriesKey(.requestsTotal, a: route, b: method, c: UInt16(truncatingIfNeeded: request)))
        requests.remember(request, cell)
        return cell
    }

    @inline(never)
    private func lookUp(_ reason: EndReason) -> Int {
        let cell = shard.cell(SeriesKey(.requestsEnded, a: route, c: UInt16(reason.rawValue)))
        reasons.remember(UInt32(reason.rawValue), cell)
        return cell
    }

    private func openCells() {
        duration = shard.histogram(SeriesKey(.requestDuration, a: route))
        overhead = shard.histogram(SeriesKey(.overhead, a: route))
        requestBytes = shard.cell(SeriesKey(.requestBytes, a: route))
        responseBytes = shard.cell(SeriesKey(.responseBytes, a: route))
    }
}

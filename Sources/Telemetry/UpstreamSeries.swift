/// The series of one upstream on one worker, with their cells looked up already.
///
/// - Threads: the worker's own.
package final class UpstreamSeries {
    private let shard: MetricShard
    private let upstream: UInt32
    // Cells are looked up by the first use: this object is made off the thread that the shard belongs to.
    private var duration = -1
    private var active = -1
    private var idle = -1
    /// By target and status.
    private var requests = RecentCells()

    /// - Parameter upstream: the id of the upstream's name in `MetricRegistry.upstreams`.
    package init(shard: MetricShard, upstream: UInt32) {
        self.shard = shard
        self.upstream = upstream
    }

    private func openConnectionCells() {
        active = shard.cell(Self.connectionKey(upstream, .active))
        idle = shard.cell(Self.connectionKey(upstream, .idle))
    }

    private static func connectionKey(_ upstream: UInt32, _ state: ConnectionState) -> SeriesKey {
        SeriesKey(.upstreamConnections, a: upstream, c: UInt16(state.rawValue))
    }

    /// Records one try.
    ///
    /// - Parameters:
    ///   - target: the id of the endpoint's label in `MetricRegistry.targets`.
    ///   - status: 0 when no response head came.
    package func observe(target: UInt32, status: Int, nanoseconds: Int64) {
        if duration < 0 { duration = shard.histogram(SeriesKey(.upstreamDuration, a: upstream)) }
        let request = target << 16 | UInt32(truncatingIfNeeded: status & 0xFFFF)
        let requestCell = requests.find(request)
        shard.add(requestCell >= 0 ? requestCell : lookUp(request: request), 1)
        shard.observe(duration, nanoseconds: nanoseconds)
    }

    @inline(never)
    private func lookUp(request: UInt32) -> Int {
        let target = UInt16(truncatingIfNeeded: request >> 16)
        let status = UInt16(truncatingIfNeeded: request)
        let cell = shard.cell(SeriesKey(.upstreamRequests, a: upstream, b: target, c: status))
        requests.remember(request, cell)
        return cell
    }

    package func retried(_ reason: RetryReason) {
        shard.add(shard.cell(SeriesKey(.upstreamRetries, a: upstream, c: UInt16(reason.rawValue))), 1)
    }

    /// Counts connections opened or closed, or moved between serving and idle: `adjust(active: -1, idle: 1)`.
    package func adjust(active activeChange: Int, idle idleChange: Int) {
        if active < 0 { openConnectionCells() }
        if activeChange != 0 { shard.adjust(active, by: activeChange) }
        if idleChange != 0 { shard.adjust(idle, by: idleChange) }
    }
}

import Telemetry

/// How a call of a script ended: `result` of `gateway_lua_calls_total`.
package enum LuaResult: UInt8, CaseIterable, Sendable {
    case ok, reply, error, killedCPU, killedMemory, timeout
}

/// The series of one filter on one worker.
///
/// - Threads: the worker's own, once it has been opened.
final class LuaSeries {
    private let filter: UInt32
    private var shard: MetricShard?
    /// Cells that were looked up: of calls by phase and result, of durations by phase, and of CPU time.
    private var cells = [Int](repeating: -1, count: LuaSeries.cpuIndex + 1)

    private static let resultCount = LuaResult.allCases.count
    private static let durationIndex = LuaPhase.allCases.count * resultCount
    private static let cpuIndex = durationIndex + LuaPhase.allCases.count
    private var bytes = -1
    private var byteCount = 0
    private var vms = -1
    private var vmCount = 0
    private var suspended = -1
    private var suspendedCount = 0
    private var breaker = -1
    private var breakerState = 0

    init(filter: UInt32) {
        self.filter = filter
    }

    func open(_ shard: MetricShard) {
        self.shard = shard
    }

    func count(_ phase: LuaPhase, _ result: LuaResult, nanoseconds: Int64) {
        guard let shard else { return }
        let index = phase.rawValue * Self.resultCount + Int(result.rawValue)
        var known = cells
        if known[index] < 0 {
            lookUp(phase, result, index, shard)
            known = cells
        }
        shard.add(known[index])
        shard.add(known[Self.cpuIndex], UInt64(max(nanoseconds, 0)))
        shard.observe(known[Self.durationIndex + phase.rawValue], nanoseconds: nanoseconds)
    }

    @inline(never)
    private func lookUp(_ phase: LuaPhase, _ result: LuaResult, _ index: Int, _ shard: MetricShard) {
        var known = cells
        known[index] = shard.cell(
            SeriesKey(.luaCalls, a: filter, b: UInt16(phase.rawValue), c: UInt16(result.rawValue)))
        known[Self.durationIndex + phase.rawValue] = shard.histogram(
            SeriesKey(.luaCallDuration, a: filter, b: UInt16(phase.rawValue)))
        known[Self.cpuIndex] = shard.cell(SeriesKey(.luaCPU, a: filter))
        cells = known
    }

    func countRebuild() {
        guard let shard else { return }
        shard.add(shard.cell(SeriesKey(.luaVMRebuilds, a: filter)))
    }

    func setBytes(_ count: Int) { set(&bytes, &byteCount, .luaVMBytes, to: count) }
    func setVMs(_ count: Int) { set(&vms, &vmCount, .luaVMs, to: count) }
    func setSuspended(_ count: Int) { set(&suspended, &suspendedCount, .luaSuspended, to: count) }
    func setBreaker(isOpen: Bool) { set(&breaker, &breakerState, .luaBreakerState, to: isOpen ? 1 : 0) }

    /// Moves a gauge, whose exported value is the sum over the workers, by the difference to what it was.
    private func set(_ cell: inout Int, _ last: inout Int, _ metric: GatewayMetric, to value: Int) {
        guard let shard, value != last else { return }
        if cell < 0 { cell = shard.cell(SeriesKey(metric, a: filter)) }
        shard.adjust(cell, by: value - last)
        last = value
    }
}

import Bytes
import CLuaShim
import Config
import HTTP
import Synchronization
import Telemetry

/// A script with one configuration on one worker: every route that uses it enters it here.
@safe
package final class LuaInstance {
    let number: Int
    package let name: String
    let settings: LuaFilterConfig
    let configuration: String
    /// Sound: the program holds its instances, and filters hold both.
    private unowned(unsafe) let program: LuaProgram
    private let counts: LuaProgramCounts
    private(set) var host: (any FilterHost)?
    private var breaker: LuaBreaker
    private let series: LuaSeries
    private var pool: [LuaRun] = []
    private var detachedCount = 0
    private let has: [Bool]
    private let requestNeed: BodyNeed
    private let responseNeed: BodyNeed
    private var reportedAt = Instant(nanoseconds: 0)
    private var reportedCount = 0
    private var timerDone: [Int: () -> Void] = [:]
    private var untilReport = 0
    private static let reportPeriod = 64

    private static let poolMax = 256
    /// Requests that nobody waits for, at one time.
    private static let detachedMax = 256
    /// Failures that are logged, in one second.
    private static let reportsMax = 10

    init(number: Int, name: String, config: LuaFilterConfig, program: LuaProgram, series: LuaSeries) {
        self.number = number
        self.name = name
        settings = config
        configuration = config.program?.configuration ?? "{}"
        unsafe self.program = program
        counts = program.counts
        self.series = series
        breaker = LuaBreaker(config.breaker)
        let phases = program.script.phases
        has = LuaPhase.allCases.map { phases.contains($0.label) }
        requestNeed = Self.need(program.script.requestBody, limit: config.limits.body)
        responseNeed = Self.need(program.script.responseBody, limit: config.limits.body)
    }

    private static func need(_ body: ScriptProgram.Body, limit: Int) -> BodyNeed {
        switch body {
        case .none: .none
        case .stream: .stream
        case .buffer: .buffer(limit: limit)
        }
    }

    func attach(_ host: any FilterHost) {
        self.host = host
        series.open(host.shard)
    }

    func need(_ side: MessageSide) -> BodyNeed { side == .request ? requestNeed : responseNeed }
    func has(_ phase: LuaPhase) -> Bool { has[phase.rawValue] }
    var hasLaterPhase: Bool { has[LuaPhase.response.rawValue...LuaPhase.log.rawValue].contains(true) }

    func takeDetached() -> Bool {
        guard detachedCount < Self.detachedMax else { return false }
        detachedCount += 1
        return true
    }

    func giveDetached() { detachedCount -= 1 }

    // MARK: Runs

    /// nil when the script cannot be entered.
    func makeRun(_ exchange: (any FilterExchange)?) -> LuaRun? {
        guard let host, let vm = unsafe program.readyVM() else { return nil }
        if let pooled = changePool({ $0.popLast() }) {
            if pooled.begin(vm, exchange, host: host) { return pooled }
            return nil
        }
        return LuaRun(self, vm, exchange, host: host)
    }

    /// Has `body` change the pool outside of its property; see `HeaderEdits`.
    @inline(__always)
    private func changePool<Result>(_ body: (inout [LuaRun]) -> Result) -> Result {
        var runs: [LuaRun] = []
        swap(&runs, &pool)
        defer { swap(&runs, &pool) }
        return body(&runs)
    }

    /// A run for a request; nil when the script cannot be entered, or is left out because it failed too often.
    func makeAdmittedRun(_ exchange: any FilterExchange) -> LuaRun? {
        guard breaker.state != .closed else { return makeRun(exchange) }
        guard breaker.admits(exchange.now) else { return nil }
        noteBreaker()
        guard let run = makeRun(exchange) else {
            breaker.gaveUp()
            return nil
        }
        run.isTrial = true
        return run
    }

    func give(_ run: LuaRun) {
        let hasWaited = run.hasWaited
        // One that ended without a verdict, such as when its client left, must not keep the next one out.
        if run.isTrial { breaker.gaveUp() }
        run.end()
        if hasWaited { unsafe program.reportSuspended() }
        if pool.count < Self.poolMax { changePool { $0.append(run) } }
    }

    private func noteBreaker() {
        series.setBreaker(isOpen: breaker.state == .open)
        counts.isBreakerOpen.store(breaker.state != .closed, ordering: .relaxed)
    }

    // MARK: Outcomes

    /// Counts what a call did; the failure when it was one.
    func record(_ outcome: Int32, _ phase: LuaPhase, _ run: LuaRun, since cpuBefore: Int64) -> LuaFailure? {
        let used = run.cpuNanoseconds - cpuBefore
        counts.cpuNanoseconds.count(used)
        switch Int(outcome) {
        case GWLUA_DONE, GWLUA_REPLY:
            series.count(phase, Int(outcome) == GWLUA_REPLY ? .reply : .ok, nanoseconds: used)
            counts.calls.count()
            if breaker.state != .closed {
                breaker.succeeded()
                noteBreaker()
            }
            return nil
        case GWLUA_SUSPENDED:
            unsafe program.reportSuspended()
            return nil
        default: break
        }
        let failure = run.vm.failure(outcome)
        let isKill = failure.kind == .killedCPU || failure.kind == .killedMemory
        series.count(phase, failure.result, nanoseconds: used)
        counts.calls.count()
        if isKill { counts.kills.count() } else { counts.errors.count() }
        var failing = breaker
        failing.failed(isKill: isKill, now: host?.preciseNow ?? Instant(nanoseconds: 0))
        breaker = failing
        noteBreaker()
        run.isDead = true
        untilReport = 0
        report(failure, phase, run)
        return failure
    }

    private func report(_ failure: LuaFailure, _ phase: LuaPhase, _ run: LuaRun) {
        guard let host else { return }
        let now = host.preciseNow
        if now.nanoseconds(since: reportedAt) > 1_000_000_000 {
            reportedAt = now
            reportedCount = 0
        }
        reportedCount += 1
        guard reportedCount <= Self.reportsMax else { return }
        LuaLog.report(failure, filter: name, context: run.vm.context, phase: phase.label, run: run)
    }

    /// The answer in place of a failed script's; nil where the request is to go on.
    func failureAnswer(_ failure: LuaFailure?, _ side: MessageSide) -> LocalResponse? {
        switch settings.onError {
        case .open: return nil
        case .closed:
            var response = LocalResponse(status: side == .request ? 503 : 502, reason: .filterFailed)
            if settings.exposeErrors, let failure {
                response.body = Array((failure.message + "\n").utf8)
                response.contentType = "text/plain; charset=utf-8"
            }
            return response
        case .answer(let status, let body):
            return LocalResponse(
                status: status, reason: .filterFailed, body: Array(body.utf8),
                contentType: body.isEmpty ? nil : "text/plain; charset=utf-8")
        }
    }

    // MARK: Continuing

    /// A task that awaited something goes on.
    func `continue`(_ run: LuaRun, _ side: MessageSide) {
        let phase = LuaPhase.head(side)
        let before = run.cpuNanoseconds
        let outcome = run.resume(side)
        let failure = record(outcome, phase, run, since: before)
        let waiting = run.waiting(side)
        if Int(outcome) == GWLUA_SUSPENDED, !run.awaitsChunk(side) { return }
        run.setWaiting(side, .nothing)
        unsafe program.reportSuspended()
        switch waiting {
        case .nothing: endTimer(run)
        case .head:
            run.exchange?.resume(with: headVerdict(outcome, failure, side, run))
        case .body:
            run.exchange?.resumeBody(side, with: bodyVerdict(outcome, failure, side, run))
        }
    }

    func headVerdict(_ outcome: Int32, _ failure: LuaFailure?, _ side: MessageSide, _ run: LuaRun) -> FilterVerdict {
        switch Int(outcome) {
        case GWLUA_DONE: return .proceed
        case GWLUA_REPLY: return .respond(run.reply(reason: .filterResponded))
        case GWLUA_SUSPENDED:
            // It goes through the chunks of the body: the head passes, and the script goes on with what follows.
            if run.awaitsChunk(side) { return .proceed }
            run.setWaiting(side, .head)
            return .suspend
        default: return failureAnswer(failure, side).map { .respond($0) } ?? .proceed
        }
    }

    func bodyVerdict(_ outcome: Int32, _ failure: LuaFailure?, _ side: MessageSide, _ run: LuaRun) -> BodyVerdict {
        switch Int(outcome) {
        case GWLUA_DONE: return run.chunkResult(side).map { .replace($0) } ?? .pass
        case GWLUA_SUSPENDED:
            if run.awaitsChunk(side) { return run.chunkResult(side).map { .replace($0) } ?? .pass }
            run.setWaiting(side, .body)
            return .suspend
        case GWLUA_REPLY: return .fail(.filterFailed)
        default:
            if case .open = settings.onError { return .pass }
            return .fail(.filterFailed)
        }
    }

    // MARK: Timers

    func runTimer(_ timer: Int, _ done: @escaping () -> Void) {
        guard let run = makeRun(nil) else { return done() }
        run.selectTimer(timer)
        let before = run.cpuNanoseconds
        let outcome = run.enter(.timer)
        _ = record(outcome, .timer, run, since: before)
        if Int(outcome) == GWLUA_SUSPENDED {
            timerDone[ObjectIdentifier(run).hashValue] = done
            return
        }
        give(run)
        done()
    }

    private func endTimer(_ run: LuaRun) {
        let done = timerDone.removeValue(forKey: ObjectIdentifier(run).hashValue)
        give(run)
        done?()
    }

    /// The figures of the VM, now and then: at every request they would cost more than they tell.
    func reportSize() {
        untilReport -= 1
        guard untilReport <= 0 else { return }
        untilReport = Self.reportPeriod
        unsafe counts.byteCount.store(program.byteCount, ordering: .relaxed)
        unsafe program.reportSize()
    }
}

extension LuaPhase {
    static func head(_ side: MessageSide) -> LuaPhase { side == .request ? .request : .response }
    static func body(_ side: MessageSide) -> LuaPhase { side == .request ? .requestBody : .responseBody }
}

extension LuaFailure {
    var result: LuaResult {
        switch kind {
        case .error: .error
        case .killedCPU: .killedCPU
        case .killedMemory: .killedMemory
        case .timeout: .timeout
        }
    }
}

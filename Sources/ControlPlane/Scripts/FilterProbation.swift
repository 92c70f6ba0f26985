import Config

/// Decides whether a changed script stays: by how its first calls on real requests went, beside those of the version
/// before it.
struct FilterProbation {
    private struct Trial {
        var program: ScriptProgram
        var since: ContinuousClock.Instant
        /// Share of failed calls of the version before.
        var earlierRate: Double
    }

    private let history: ScriptHistory
    /// By script.
    private var trials: [String: Trial] = [:]
    private var rates: [String: Double] = [:]
    private var rejected: Set<String> = []

    /// Calls after which a version has proved itself, or time.
    static let callsMax = 200
    static let durationMax: Duration = .seconds(30)
    /// Fewer calls than this say nothing.
    static let callsMin = 10
    static let rateMax = 0.2
    static let factorMax = 3.0

    /// More than this is worse than what was before. One that failed often already is judged by what it did well: the
    /// new version must keep a quarter of that.
    static func bound(over earlier: Double) -> Double { min(earlier * factorMax, (3 + earlier) / 4) }

    init(history: ScriptHistory) {
        self.history = history
    }

    /// - Returns: versions that are to be taken back.
    mutating func judge(
        _ config: GatewayConfig, _ filters: [FilterStatus], now: ContinuousClock.Instant
    ) -> [ScriptProgram] {
        guard config.lua.rollback else { return [] }
        var failed: [ScriptProgram] = []
        var seen: Set<String> = []
        for middleware in config.allMiddleware {
            guard case .lua(let lua) = middleware.filter, let program = lua.program,
                seen.insert(program.label).inserted,
                let status = filters.first(where: { $0.script == program.name && $0.hash == program.hash })
            else { continue }
            if judge(program, status, now) { failed.append(program) }
        }
        return failed
    }

    private mutating func judge(
        _ program: ScriptProgram, _ status: FilterStatus, _ now: ContinuousClock.Instant
    ) -> Bool {
        let rate = status.calls == 0 ? 0 : Double(status.errors + status.kills) / Double(status.calls)
        guard let good = history.good(program.name), good.hash != program.hash else {
            // The first version that anybody knows: there is nothing to go back to.
            history.remember(program)
            if status.calls > 0 { rates[program.name] = rate }
            trials[program.name] = nil
            return false
        }
        guard !rejected.contains(program.hash) else { return false }
        var trial =
            trials[program.name] ?? Trial(program: program, since: now, earlierRate: rates[program.name] ?? 0)
        if trial.program.hash != program.hash {
            trial = Trial(program: program, since: now, earlierRate: trial.earlierRate)
        }
        trials[program.name] = trial
        if status.calls >= Self.callsMin, rate > Self.rateMax, rate > Self.bound(over: trial.earlierRate) {
            trials[program.name] = nil
            rejected.insert(program.hash)
            return true
        }
        if status.calls >= Self.callsMax || now - trial.since > Self.durationMax {
            history.remember(program)
            trials[program.name] = nil
            if status.calls > 0 { rates[program.name] = rate }
        }
        return false
    }
}

import Bytes
import Config

/// Leaves a filter out for a while that fails again and again: on one worker, for one instance.
struct LuaBreaker {
    enum State: Equatable { case closed, open, halfOpen }

    private let config: LuaBreakerConfig
    private let window: Int64
    private(set) var state = State.closed
    private var windowStart = Instant(nanoseconds: .min)
    private var kills = 0
    private var errors = 0
    private var opensUntil = Instant(nanoseconds: 0)
    /// The one request that tries it again is under way.
    private var isTrying = false

    init(_ config: LuaBreakerConfig) {
        self.config = config
        window = config.window.nanoseconds
    }

    /// Whether a request may enter the script.
    mutating func admits(_ now: Instant) -> Bool {
        switch state {
        case .closed: return true
        case .open:
            guard now >= opensUntil else { return false }
            state = .halfOpen
            isTrying = true
            return true
        case .halfOpen:
            if isTrying { return false }
            isTrying = true
            return true
        }
    }

    /// A request went well.
    mutating func succeeded() {
        guard state == .halfOpen else { return }
        state = .closed
        isTrying = false
        kills = 0
        errors = 0
    }

    /// A request that was to try it has ended without a verdict.
    mutating func gaveUp() {
        if state == .halfOpen { isTrying = false }
    }

    mutating func failed(isKill: Bool, now: Instant) {
        if state == .halfOpen { return open(now) }
        if now.nanoseconds(since: windowStart) > window || windowStart.nanoseconds == .min {
            windowStart = now
            kills = 0
            errors = 0
        }
        if isKill { kills += 1 } else { errors += 1 }
        if kills >= config.kills || errors >= config.errors { open(now) }
    }

    private mutating func open(_ now: Instant) {
        state = .open
        isTrying = false
        opensUntil = now.advanced(byNanoseconds: config.open.nanoseconds)
    }
}

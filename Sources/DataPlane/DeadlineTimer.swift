import Bytes
import EventLoop

/// A connection's one timer, moved lazily: the deadline is a field, the wheel hears of it only when it comes earlier
/// than the wheel's own time, and an entry that comes up early is put back. Per request that is two loads and a store.
///
/// What asks the wheel returns the timer as it then is, for its owner to store: a method that changed it in place would
/// have every use of that property be checked for exclusive access.
struct DeadlineTimer {
    private(set) var deadline = Instant.distantFuture
    private var id = TimerWheel.none
    private var armedAt = Instant.distantFuture

    /// Moves the deadline. True when the wheel would come up too late for it, and the timer has to be `armed`.
    @inline(__always)
    mutating func move(to deadline: Instant) -> Bool {
        self.deadline = deadline
        return deadline < armedAt
    }

    /// With an entry of the wheel that comes up at the deadline.
    func armed(token: Token, wheel: TimerWheel) -> DeadlineTimer {
        var timer = self
        timer.armedAt = deadline
        if id == TimerWheel.none {
            timer.id = wheel.schedule(token, at: deadline)
        } else {
            wheel.reschedule(id, at: deadline)
        }
        return timer
    }

    /// Whether the deadline has passed, rather than only the time that the wheel knew.
    func isDue(now: Instant) -> Bool { id != TimerWheel.none && deadline <= now }

    /// The wheel's entry came up: it is put back, or freed where the deadline has passed or there is none any more.
    func afterExpiry(now: Instant, wheel: TimerWheel) -> DeadlineTimer {
        guard id != TimerWheel.none else { return self }
        // Freed rather than left: another deadline arms a new one.
        if deadline <= now || deadline == .distantFuture { return cancelled(wheel: wheel) }
        var timer = self
        timer.armedAt = deadline
        wheel.reschedule(id, at: deadline)
        return timer
    }

    func cancelled(wheel: TimerWheel) -> DeadlineTimer {
        guard id != TimerWheel.none else { return self }
        wheel.cancel(id)
        return DeadlineTimer()
    }
}

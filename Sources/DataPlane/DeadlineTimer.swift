import Bytes
import EventLoop

/// A connection's one timer, moved lazily: the deadline is a field, the wheel hears of it only when it comes earlier
/// than the wheel's own time, and an entry that comes up early is put back. Per request that is two loads and a store.
struct DeadlineTimer {
    private(set) var deadline = Instant.distantFuture
    private var id = TimerWheel.none
    private var armedAt = Instant.distantFuture

    /// Moves the deadline, and the entry of the wheel where that is too late; mostly it is not.
    @inline(__always)
    mutating func set(_ deadline: Instant, token: Token, wheel: @autoclosure () -> TimerWheel) {
        self.deadline = deadline
        if deadline < armedAt { arm(token: token, wheel: wheel()) }
    }

    /// Has the wheel come up at the deadline.
    private mutating func arm(token: Token, wheel: TimerWheel) {
        armedAt = deadline
        if id == TimerWheel.none {
            id = wheel.schedule(token, at: deadline)
        } else {
            wheel.reschedule(id, at: deadline)
        }
    }

    /// The wheel's entry came up. True when the deadline has passed; else the entry has been put back.
    mutating func expired(now: Instant, wheel: TimerWheel) -> Bool {
        guard id != TimerWheel.none else { return false }
        if deadline <= now {
            // Freed rather than left: `set` arms a new one if there is another deadline.
            wheel.cancel(id)
            id = TimerWheel.none
            armedAt = .distantFuture
            deadline = .distantFuture
            return true
        }
        if deadline == .distantFuture {
            wheel.cancel(id)
            id = TimerWheel.none
            armedAt = .distantFuture
        } else {
            armedAt = deadline
            wheel.reschedule(id, at: deadline)
        }
        return false
    }

    mutating func cancel(wheel: TimerWheel) {
        guard id != TimerWheel.none else { return }
        wheel.cancel(id)
        id = TimerWheel.none
        armedAt = .distantFuture
        deadline = .distantFuture
    }
}

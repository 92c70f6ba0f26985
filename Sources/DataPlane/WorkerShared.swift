import Bytes
package import EventLoop
package import Synchronization
package import Upstream

/// What a worker and the control plane both touch: a mailbox one way, plain atomics the other.
package final class WorkerShared: Sendable {
    package let index: Int
    package let mailbox: Mailbox<WorkerMessage>
    /// Monotonic nanoseconds of the loop's last turn; a worker that hangs stops moving it.
    package let heartbeat = Atomic<Int64>(0)
    /// The newest generation that the worker serves.
    package let generation = Atomic<Int>(0)
    /// Client connections open now.
    package let connectionCount = Atomic<Int>(0)
    package let isStopped = Atomic<Bool>(false)
    /// Nanoseconds spent outside of the poller, since the start.
    package let busyNanoseconds = Atomic<Int64>(0)

    package init(index: Int) throws(SystemError) {
        self.index = index
        mailbox = try Mailbox()
    }
}

/// What the control plane tells a worker.
package enum WorkerMessage: Sendable {
    case snapshot(SnapshotParcel)
    case endpoints(upstream: String, BalancePlan)
    /// Close what is idle, finish what is not, and stop when nothing is left.
    case drain
    case stop
}

/// A snapshot on its way to the one worker that it was built for.
///
/// Sound to send: the builder keeps no reference, and the worker takes it exactly once.
package final class SnapshotParcel: @unchecked Sendable {
    private let snapshot: WorkerSnapshot

    package init(_ snapshot: WorkerSnapshot) {
        self.snapshot = snapshot
    }

    func open() -> WorkerSnapshot { snapshot }
}

/// Client connections of the whole process, against one limit.
package final class ConnectionBudget: Sendable {
    private let count = Atomic<Int>(0)
    private let limit: Atomic<Int>

    package init(limit: Int) {
        self.limit = Atomic(limit)
    }

    /// Takes a place; false when there is none.
    func take() -> Bool {
        let taken = count.wrappingAdd(1, ordering: .relaxed).newValue
        if taken <= limit.load(ordering: .relaxed) { return true }
        count.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    func give() {
        count.wrappingSubtract(1, ordering: .relaxed)
    }

    package func setLimit(_ newLimit: Int) {
        limit.store(newLimit, ordering: .relaxed)
    }
}

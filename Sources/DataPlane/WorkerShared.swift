package import Bytes
package import EventLoop
package import Synchronization
package import Telemetry
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
    package let load = WorkerLoad()
    package let scriptLog = ScriptLogLane()

    package init(index: Int) throws(SystemError) {
        self.index = index
        mailbox = try Mailbox()
    }
}

/// What the control plane tells a worker.
package enum WorkerMessage: Sendable {
    /// Serve this generation, with these listeners.
    case publish(SnapshotParcel, [ListenerChange])
    /// `revision` is the pool's for which the addresses were found.
    case endpoints(upstream: String, revision: Int, BalancePlan)
    /// What another thread did for a filter is done.
    case errandDone(SlotKey)
    /// Ask clients to go elsewhere, but take whoever still comes.
    case leave
    /// Close what is idle, finish what is not, and stop when nothing is left.
    case drain
    case stop
}

/// A snapshot on its way to the one worker that it was built for.
///
/// Sound to send: the worker opens it exactly once. The control plane keeps a reference of its own to the snapshot, and
/// touches nothing in it: it only waits to be the last to hold one, so that the worker never spends time on freeing it.
package final class SnapshotParcel: @unchecked Sendable {
    private var snapshot: WorkerSnapshot?
    /// Pools of the generation before that this one does not have.
    let retiredPools: [UpstreamPool]

    package init(_ snapshot: WorkerSnapshot, retiring retiredPools: [UpstreamPool] = []) {
        self.snapshot = snapshot
        self.retiredPools = retiredPools
    }

    /// Takes the snapshot out, so that the parcel does not keep it alive.
    func open() -> WorkerSnapshot {
        guard let taken = snapshot else { preconditionFailure("a snapshot was opened twice") }
        snapshot = nil
        return taken
    }
}

/// A metric shard on its way to its worker; sound to send as a snapshot is.
package final class ShardParcel: @unchecked Sendable {
    package let shard: MetricShard

    package init(_ shard: MetricShard) {
        self.shard = shard
    }

    func open() -> MetricShard { shard }
}

/// A bound listener on its way to its worker; sound to send as a snapshot is.
package final class ListenerAddition: @unchecked Sendable {
    let number: Int
    let name: String
    let tls: ListenerTLS?
    package let listener: Listener

    /// - Parameter number: the same on every worker, not used before.
    package init(number: Int, name: String, tls: ListenerTLS? = nil, listener: Listener) {
        self.number = number
        self.name = name
        self.tls = tls
        self.listener = listener
    }
}

/// How the listeners of a worker change.
package enum ListenerChange: Sendable {
    case add(ListenerAddition)
    case rename(number: Int, String)
    /// TLS with other certificates, or another rule; nil: none.
    case secure(number: Int, ListenerTLS?)
    case remove(number: Int)
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

import Bytes
import EventLoop
import Synchronization
import Telemetry

// What the control plane tells a worker.
extension Worker {
    func readMail() {
        for message in shared.mailbox.drain() {
            switch message {
            case .publish(let parcel, let changes):
                adopt(parcel)
                for change in changes { apply(change) }
                shared.generation.store(snapshot.generation, ordering: .releasing)
            case .endpoints(let upstream, let revision, let plan):
                for pool in snapshot.pools where pool.name == upstream && pool.revision == revision {
                    pool.adopt(plan, on: self)
                }
            case .errandDone(let key): errandDone(key)
            case .leave: isLeaving = true
            case .drain: drain()
            case .stop: isStopping = true
            }
        }
    }

    /// From now on, new requests are served by the next generation.
    private func adopt(_ parcel: SnapshotParcel) {
        let older = snapshot.programs
        snapshot = parcel.open()
        if !older.isEmpty || !snapshot.programs.isEmpty { adoptPrograms(after: older) }
        for pool in parcel.retiredPools {
            pool.retire()
            retiredPools.append(pool)
        }
        if readers.limits.map({ $0 != snapshot.limits }) == true {
            readers.removeAll { buffers.give($0.bytes) }
        }
        // What is pooled must not keep the older generation alive.
        readers.forEach { $0.exchange?.snapshot = snapshot }
    }

    private func drain() {
        guard !isDraining else { return }
        isLeaving = true
        isDraining = true
        closeListeners()
        leaving = clients.all
    }

    /// Looks at some of the clients, so that those with a request under way do not wait for all the others.
    func drainSome() {
        for connection in leaving.suffix(Self.leavingPerTurn) { connection.drain() }
        leaving.removeLast(min(leaving.count, Self.leavingPerTurn))
    }

    private static var leavingPerTurn: Int { 128 }
}

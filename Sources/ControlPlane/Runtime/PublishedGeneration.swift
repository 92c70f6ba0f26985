import DataPlane
import Plugins
import Upstream

/// A generation as the workers were given it, held until none of them has a request of it left.
///
/// - Soundness of `@unchecked Sendable`: nothing in the snapshots is touched here. They are held, so that the last
///   reference to one goes on a thread of the control plane: freeing thousands of routes takes a worker too long.
final class PublishedGeneration: @unchecked Sendable {
    let writer: AccessLogWriter?
    private var snapshots: [WorkerSnapshot?]

    init(snapshots: [WorkerSnapshot], writer: AccessLogWriter?) {
        self.snapshots = snapshots
        self.writer = writer
    }

    /// Whether a worker still holds one of the snapshots. To be called by one thread at a time, once a newer generation
    /// has been published: then nobody can gain a reference.
    func isHeld() -> Bool {
        for index in snapshots.indices where snapshots[index] != nil {
            if !isKnownUniquelyReferenced(&snapshots[index]) { return true }
        }
        return false
    }

    /// Lets go of the snapshots, on the calling thread.
    func free() {
        snapshots = []
    }
}

/// The pools that a worker's newest snapshot has, so that the next one can have them too.
///
/// Sound to send: what is compared is immutable, everything else is the worker's.
final class WorkerPools: @unchecked Sendable {
    let pools: [String: UpstreamPool]

    init(_ pools: [UpstreamPool]) {
        self.pools = Dictionary(pools.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The ones that `newer` does not have.
    func missing(in newer: WorkerPools) -> [UpstreamPool] {
        pools.values.filter { newer.pools[$0.name] !== $0 }
    }
}

/// The scripts that a worker's newest snapshot has, so that the next one can have them too.
///
/// Sound to send: what is compared is immutable, the counts are made for two threads, everything else is the worker's.
final class WorkerPrograms: @unchecked Sendable {
    let programs: [LuaProgram]

    init(_ programs: [LuaProgram]) {
        self.programs = programs
    }
}

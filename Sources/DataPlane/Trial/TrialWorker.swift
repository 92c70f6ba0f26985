package import Bytes
package import EventLoop
import HTTP
import Synchronization
package import Telemetry
import Upstream

/// A worker that runs one request at a time on the caller's thread, between a client and upstreams that are the other
/// ends of socket pairs: the real parser, router, filters and serialisers, with no network and no passing of time.
///
/// - Threads: one at a time.
package final class TrialWorker {
    private let worker: Worker
    private let clock: VirtualClock
    private let listener: WorkerListener
    private let connections = TrialConnections()

    /// Turns of the loop that a request may take; a request that waits for nothing needs a handful.
    private static let turnsMax = 2000
    /// Virtual time that a request may take.
    private static let patience: Int64 = 3_600_000_000_000
    /// Between two requests, so that nothing one leaves behind (idle connections, counters) reaches the next.
    private static let pause: Int64 = 3_600_000_000_000

    /// - Throws: `SystemError` when descriptors or memory are missing.
    package init(snapshot: WorkerSnapshot, shard: MetricShard, registry: MetricRegistry) throws(SystemError) {
        clock = VirtualClock(startingAt: Clock.now(), wallNanoseconds: Clock.wallNanoseconds())
        for pool in snapshot.pools { pool.connector = connections }
        worker = try Worker(
            Worker.Parts(
                shared: WorkerShared(index: 0), snapshot: SnapshotParcel(snapshot), shard: ShardParcel(shard),
                listeners: [], registry: registry, budget: ConnectionBudget(limit: 16), seed: 1, clock: clock))
        listener = WorkerListener(.placeholder, name: "test", shard: shard, registry: registry)
    }

    deinit {
        connections.closeAll()
        worker.shutDown()
    }

    /// Sends `request`, complete with its body and `Connection: close`, and lets time pass until the answer is whole.
    ///
    /// - Throws: `SystemError` when descriptors are missing.
    package func run(_ request: [UInt8], from peer: IPAddress, upstream: TrialUpstream) throws(SystemError)
        -> TrialOutcome
    {
        let (near, far) = try Socket.pair()
        connections.begin(upstream)
        var outcome = TrialOutcome()
        worker.trialObserver = { exchange in
            outcome.route = exchange.route?.name
            outcome.upstream = exchange.attemptCount > 0 ? exchange.pool?.name : nil
            outcome.reason = exchange.reason
        }
        defer { worker.trialObserver = nil }
        worker.adopt(near, peer: peer, from: listener)
        var unsent = request[...]
        let answer = ByteBuffer(capacity: 64 << 10)
        var received: [UInt8] = []
        let start = clock.now
        for _ in 0..<Self.turnsMax where clock.now.nanoseconds(since: start) < Self.patience {
            let wasSent = far.send(startOf: &unsent)
            do throws(SystemError) {
                try worker.turn(waitingAtMost: 0)
            } catch {
                far.close()
                throw error
            }
            let hasServed = connections.serve()
            switch receive(from: far, into: answer, appendingTo: &received) {
            case .ended, .failed:
                far.close()
                outcome.response = received
                outcome.forwarded = connections.forwarded(to: outcome.upstream)
                try settle()
                return outcome
            case .transferred: continue
            case .wouldBlock: if !wasSent, !hasServed { clock.advance(byNanoseconds: Self.untilNextTimer(of: worker)) }
            }
        }
        far.close()
        outcome.response = received
        outcome.isUnfinished = true
        try settle()
        return outcome
    }

    private func settle() throws(SystemError) {
        clock.advance(byNanoseconds: Self.pause)
        for _ in 0..<4 { try worker.turn(waitingAtMost: 0) }
        connections.closeAll()
        for _ in 0..<2 { try worker.turn(waitingAtMost: 0) }
    }

    private static func untilNextTimer(of worker: Worker) -> Int64 {
        Int64(max(worker.timers.millisecondsToNext(limit: 1000), 1)) * 1_000_000
    }

    private func receive(
        from socket: Socket, into buffer: ByteBuffer, appendingTo received: inout [UInt8]
    ) -> IOOutcome {
        buffer.clear()
        let outcome = socket.receive(into: buffer)
        if case .transferred = outcome { received.append(copying: buffer.readable) }
        return outcome
    }
}

/// What came of a trial.
package struct TrialOutcome: Sendable {
    /// As the client received it.
    package var response: [UInt8] = []
    package var route: String?
    /// nil when the request was not forwarded.
    package var upstream: String?
    package var reason: EndReason?
    /// The request as the upstream received it.
    package var forwarded: [UInt8]?
    /// The answer did not end within an hour of virtual time, or in too many turns.
    package var isUnfinished = false
}

/// The upstream of a trial.
package struct TrialUpstream: Sendable {
    /// nil refuses the connection.
    package var response: [UInt8]?
    /// The same without its body, for HEAD.
    package var headResponse: [UInt8]

    package init(response: [UInt8]?, headResponse: [UInt8]) {
        self.response = response
        self.headResponse = headResponse
    }
}

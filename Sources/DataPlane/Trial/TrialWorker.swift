package import Bytes
package import EventLoop
import HTTP
package import Plugins
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
    private let connections: TrialConnections
    private let pause: Int64

    /// Turns of the loop that a request may take; a request that waits for nothing needs a handful.
    private static let turnsMax = 2000
    /// Virtual time that a request may take.
    private static let patience: Int64 = 3_600_000_000_000
    /// Between two requests, so that nothing one leaves behind (idle connections, counters) reaches the next.
    package static let hour: Int64 = 3_600_000_000_000

    /// - Throws: `SystemError` when descriptors or memory are missing.
    ///
    /// - Parameter pause: nanoseconds of virtual time between two requests.
    package init(
        snapshot: WorkerSnapshot, shard: MetricShard, registry: MetricRegistry, pause: Int64 = TrialWorker.hour
    ) throws(SystemError) {
        clock = VirtualClock(startingAt: Clock.now(), wallNanoseconds: Clock.wallNanoseconds())
        connections = TrialConnections(clock: clock)
        self.pause = pause
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
            outcome.variables = exchange.work?.variables.entries.map { ($0.name, $0.json) } ?? []
        }
        worker.trialLog = { outcome.logs.append(TrialOutcome.Log(level: $0, message: $1, fields: $2)) }
        worker.trialIdentity = upstream.authentication.map { json in
            ClientIdentity(scheme: "trial", consumer: [], subject: [], json: json)
        }
        defer {
            worker.trialObserver = nil
            worker.trialLog = nil
            worker.trialIdentity = nil
        }
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
                outcome.sent = connections.requests
                try settle()
                return outcome
            case .transferred: continue
            case .wouldBlock:
                if wasSent || hasServed || !worker.deferred.isEmpty { continue }
                let next = Self.untilNextTimer(of: worker)
                clock.advance(byNanoseconds: min(next, connections.untilNextAnswer ?? next))
            }
        }
        far.close()
        outcome.response = received
        outcome.isUnfinished = true
        try settle()
        return outcome
    }

    private func settle() throws(SystemError) {
        clock.advance(byNanoseconds: pause)
        for _ in 0..<4 {
            try worker.turn(waitingAtMost: 0)
            _ = connections.serve()
        }
        connections.closeAll()
        for _ in 0..<2 { try worker.turn(waitingAtMost: 0) }
    }

    /// Lets time pass, and whatever is due in it happen.
    package func advance(byNanoseconds nanoseconds: Int64) throws(SystemError) {
        let end = clock.now.advanced(byNanoseconds: nanoseconds)
        for _ in 0..<Self.turnsMax where clock.now < end {
            let step = min(end.nanoseconds(since: clock.now), Self.untilNextTimer(of: worker))
            clock.advance(byNanoseconds: step)
            try worker.turn(waitingAtMost: 0)
            _ = connections.serve()
        }
        if clock.now < end { clock.advance(byNanoseconds: end.nanoseconds(since: clock.now)) }
        try worker.turn(waitingAtMost: 0)
    }

    package var now: Instant { clock.now }

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
    /// Everything that any upstream received.
    package var sent: [(upstream: String, bytes: [UInt8])] = []
    /// What filters set, as JSON by name.
    package var variables: [(name: [UInt8], json: [UInt8])] = []
    package var logs: [Log] = []

    package struct Log: Sendable {
        package var level: FilterLogLevel
        package var message: [UInt8]
        package var fields: [UInt8]
    }

    /// The answer did not end within an hour of virtual time, or in too many turns.
    package var isUnfinished = false
}

/// Answers for the upstreams of a trial.
package protocol TrialResponder: AnyObject {
    /// Whether connections to that upstream are refused.
    func refuses(_ upstream: String) -> Bool
    func reply(_ upstream: String, _ request: [UInt8]) -> TrialReply
}

package struct TrialReply: Sendable {
    package var bytes: [UInt8]
    package var delayNanoseconds: Int64 = 0
    /// The connection ends with it.
    package var closes = false

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}

/// The upstream of a trial.
package struct TrialUpstream {
    /// nil refuses the connection.
    package var response: [UInt8]?
    /// The same without its body, for HEAD.
    package var headResponse: [UInt8]
    /// Answers in place of `response`.
    package var responder: (any TrialResponder)?
    /// What authentication would have found, as JSON.
    package var authentication: [UInt8]?

    package init(response: [UInt8]?, headResponse: [UInt8]) {
        self.response = response
        self.headResponse = headResponse
    }
}

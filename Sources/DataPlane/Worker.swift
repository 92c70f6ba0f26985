package import Bytes
package import EventLoop
import HTTP
import Plugins
import Synchronization
import TLS
package import Telemetry
import Upstream

/// One thread's share of the gateway: its loop, and everything that the connections on it need. Shares nothing mutable
/// with other workers but what `WorkerShared` and the balancers' atomics hold.
package final class Worker {
    package let shared: WorkerShared
    let poller: any Poller
    let timers: TimerWheel
    let buffers = BufferPool()
    /// The loop's time, read once per turn.
    private(set) var now: Instant
    var snapshot: WorkerSnapshot
    /// Answers ask clients to leave, and connections are not kept.
    var isLeaving = false
    /// Nothing new is accepted, and the loop ends when the last client has gone.
    var isDraining = false
    var random: SplitMix
    /// Room of `Exchange` for a rewritten path.
    var rewriteSpace: [UInt8] = []
    /// Where heads of the gateway's own answers are parsed into.
    var localHead = ResponseHead()
    let noBytes = ByteBuffer(capacity: 1)
    let noEdits = HeaderEdits()
    /// The value of `Date`, renewed each second.
    let date = ByteBuffer(capacity: HTTPDate.byteCount)

    /// By the number that the control plane gave each; numbers are not used again.
    var listeners: [WorkerListener?] = []
    let budget: ConnectionBudget
    package let shard: MetricShard
    let registry: MetricRegistry
    var clients = SlotTable<ServerConnection>()
    /// Pools that the newest configuration no longer has, until their idle connections are closed.
    var retiredPools: [UpstreamPool] = []
    var isAcceptPaused = false
    var isStopping = false
    let readers = ReaderPool()
    /// An access log has lines that its writer may not know of.
    var unannouncedLog: AccessLogLane?
    /// Real time while nil.
    private let clock: VirtualClock?
    /// Told of each exchange that ends; only in trials.
    var trialObserver: ((Exchange) -> Void)?
    private let inFlightCell: Int
    private let turnHistogram: Int
    private var upstreams = SlotTable<UpstreamConnection>()
    /// Nearly always one is enough; a read within a read makes another.
    private var scratch: ByteBuffer?
    private var events: [ReadyEvent] = []
    private var expired: [Token] = []
    private var pending: [ServerConnection] = []
    /// What filters have put off until the present event is done with.
    var deferred: [() -> Void] = []
    var filterTimers = SlotTable<FilterTimer>()
    var errands = SlotTable<Errand>()
    /// What authentication is said to have found; only in trials.
    var trialIdentity: ClientIdentity?
    /// Gets what scripts log; only in trials.
    var trialLog: ((FilterLogLevel, [UInt8], [UInt8]) -> Void)?
    /// Clients that are still to be looked at because the worker drains.
    var leaving: [ServerConnection] = []
    private var dateSecond: Int64 = -1
    /// What the wall clock is ahead of the monotonic one.
    private var wallOffset: Int64 = 0

    /// One read of a body moves this much at most; it lies in one warm buffer, not in one per connection.
    static let scratchByteCount = 512 << 10
    private static let pooledMax = 256
    /// Steps of a script's collector in one turn: timers wait no longer than a few milliseconds for it.
    private static let collectionSteps = 64
    /// Idle connections of retired pools that one turn closes: a close costs microseconds.
    private static let retiredPerTurn = 16

    /// What a worker is made of; sendable, so that it can be made here and opened on the worker's thread.
    package struct Parts: Sendable {
        package var shared: WorkerShared
        package var snapshot: SnapshotParcel
        package var shard: ShardParcel
        package var listeners: [ListenerAddition]
        package var registry: MetricRegistry
        package var budget: ConnectionBudget
        package var seed: UInt64
        package var clock: VirtualClock?

        package init(
            shared: WorkerShared, snapshot: SnapshotParcel, shard: ShardParcel, listeners: [ListenerAddition],
            registry: MetricRegistry, budget: ConnectionBudget, seed: UInt64, clock: VirtualClock? = nil
        ) {
            self.shared = shared
            self.snapshot = snapshot
            self.shard = shard
            self.listeners = listeners
            self.registry = registry
            self.budget = budget
            self.seed = seed
            self.clock = clock
        }
    }

    /// - Throws: `SystemError` when the poller or a registration fails.
    init(_ parts: Parts) throws(SystemError) {
        shared = parts.shared
        snapshot = parts.snapshot.open()
        shard = parts.shard.open()
        registry = parts.registry
        budget = parts.budget
        clock = parts.clock
        random = SplitMix(seed: parts.seed)
        now = parts.clock?.now ?? Clock.now()
        timers = TimerWheel(now: now)
        inFlightCell = shard.cell(SeriesKey(.requestsInFlight))
        turnHistogram = shard.histogram(SeriesKey(.loopLag, a: UInt32(parts.shared.index)))
        poller = try EpollPoller()
        try poller.add(
            shared.mailbox.descriptor, token: Token(.mailbox, SlotKey(slot: 0, generation: 0)), interest: .read)
        for listener in parts.listeners { try add(listener) }
        adoptPrograms(after: [])
        shared.generation.store(snapshot.generation, ordering: .releasing)
    }

    /// Runs a worker on a thread of its own until it is told to stop.
    package static func start(_ parts: Parts) throws(SystemError) {
        try WorkerThread.start(name: "worker-\(parts.shared.index)") {
            do throws(SystemError) {
                let worker = try Worker(parts)
                worker.run()
            } catch {
                // Seen as a worker whose heart does not beat: readiness never comes, and the start fails on it.
            }
            parts.shared.isStopped.store(true, ordering: .releasing)
        }
    }

    // MARK: The loop

    func run() {
        updateDate()
        while !isStopping {
            do throws(SystemError) {
                try turn(waitingAtMost: 500)
            } catch {
                // Only a broken poller gets here; without one there is no loop to go on with.
                break
            }
        }
        shutDown()
    }

    /// Waits for events, and does everything that is due.
    func turn(waitingAtMost limit: Int32) throws(SystemError) {
        let isDue = !pending.isEmpty || !retiredPools.isEmpty || !leaving.isEmpty || !deferred.isEmpty
        try awaitEvents(isDue ? 0 : timers.millisecondsToNext(limit: limit))
        let woke = preciseNow
        now = woke
        updateDate()
        for index in events.indices { dispatch(events[index]) }
        if !deferred.isEmpty { runDeferred() }
        runPending()
        timers.advance(to: now, expired: &expired)
        for index in expired.indices { fire(expired[index]) }
        if !deferred.isEmpty { runDeferred() }
        runPending()
        if !retiredPools.isEmpty { closeRetired() }
        if !leaving.isEmpty { drainSome() }
        if let log = unannouncedLog {
            unannouncedLog = nil
            log.announce()
        }
        if isDraining, clients.count == 0 { isStopping = true }
        endTurn(since: woke)
    }

    /// Waits; after a millisecond in which nothing came, what scripts left behind is collected until something comes.
    private func awaitEvents(_ limit: Int32) throws(SystemError) {
        guard limit != 0, let program = snapshot.programs.first(where: { $0.hasGarbage }) else {
            return try poller.wait(milliseconds: limit, into: &events)
        }
        try poller.wait(milliseconds: 1, into: &events)
        var steps = 0
        while events.isEmpty, steps < Self.collectionSteps, program.collectGarbage() {
            steps += 1
            try poller.wait(milliseconds: 0, into: &events)
        }
    }

    private func endTurn(since woke: Instant) {
        let done = preciseNow
        shared.heartbeat.store(done.nanoseconds, ordering: .relaxed)
        shared.load.note(from: woke, to: done)
        shard.observe(turnHistogram, nanoseconds: done.nanoseconds(since: woke))
    }

    /// The time now, not that of the turn; for what is measured inside of one.
    package var preciseNow: Instant { clock?.now ?? Clock.now() }

    /// Wall-clock nanoseconds of a moment near now.
    func wallNanoseconds(at instant: Instant) -> Int64 { instant.nanoseconds + wallOffset }

    private func updateDate() {
        // The wall clock is asked about once a second only.
        let second = now.nanoseconds / 1_000_000_000
        guard second != dateSecond else { return }
        dateSecond = second
        let wall = clock?.wallNanoseconds ?? Clock.wallNanoseconds()
        wallOffset = wall - now.nanoseconds
        date.clear()
        HTTPDate.format(unixSeconds: wall / 1_000_000_000, into: date)
    }

    private func closeRetired() {
        var budget = Self.retiredPerTurn
        while budget > 0, let pool = retiredPools.last {
            budget -= pool.closeIdle(atMost: budget, on: self)
            // Fewer than it might have closed: none is left.
            if budget > 0 { retiredPools.removeLast() }
        }
    }

    private func dispatch(_ event: ReadyEvent) {
        switch event.token.kind {
        case .client: clients[event.token.key]?.ready(event.readiness)
        case .upstream: upstreams[event.token.key]?.ready(event.readiness)
        case .listener: accept(Int(event.token.key.slot))
        case .mailbox: readMail()
        case .acceptResume, .filter, nil: break
        }
    }

    private func fire(_ token: Token) {
        switch token.kind {
        case .client: clients[token.key]?.timerFired()
        case .upstream: upstreams[token.key]?.timerFired()
        case .acceptResume: resumeAccepting()
        case .filter: fireFilterTimer(token.key)
        case .listener, .mailbox, nil: break
        }
    }

    /// Has `connection` read on once the current event is done with.
    func later(_ connection: ServerConnection) {
        pending.append(connection)
    }

    private func runPending() {
        // Served connections may queue themselves again; one round a turn keeps a pipeline from starving other clients.
        guard !pending.isEmpty else { return }
        let round = pending
        pending = []
        for connection in round { connection.continueReading() }
    }

    func shutDown() {
        for connection in clients.all { connection.cut() }
        for connection in upstreams.all { connection.close() }
        for listener in listeners { listener?.listener.close() }
        listeners = []
        unannouncedLog?.announce()
        // Their exchanges hold this worker.
        readers.removeAll { buffers.give($0.bytes) }
        pending.removeAll()
        retiredPools.removeAll()
        deferred.removeAll()
        for program in snapshot.programs { program.detach() }
    }

    // MARK: What connections share

    func addUpstream(
        _ transport: Transport, pool: UpstreamPool, endpoint: Endpoint, isConnected: Bool
    ) -> UpstreamConnection? {
        let connection = upstreams.insert {
            UpstreamConnection(
                worker: self, key: $0, transport: transport, pool: pool, endpoint: endpoint, isConnected: isConnected)
        }
        do throws(SystemError) {
            try poller.add(transport.descriptor, token: Token(.upstream, connection.key), interest: [.read, .write])
        } catch {
            upstreams.remove(connection.key)
            return nil
        }
        return connection
    }

    func upstreamConnection(_ key: SlotKey) -> UpstreamConnection? { upstreams[key] }

    func remove(_ connection: UpstreamConnection) {
        upstreams.remove(connection.key)
    }

    func remove(_ connection: ServerConnection) {
        clients.remove(connection.key)
        budget.give()
        shared.connectionCount.wrappingSubtract(1, ordering: .relaxed)
    }

    func takeScratch() -> ByteBuffer {
        guard let taken = scratch else { return ByteBuffer(capacity: Self.scratchByteCount) }
        scratch = nil
        return taken
    }

    func giveScratch(_ given: ByteBuffer) {
        given.clear()
        scratch = given
    }

    func takeReader() -> RequestReader {
        guard let reader = readers.take() else {
            return RequestReader(
                limits: snapshot.limits, bytes: buffers.take(), exchange: Exchange(worker: self))
        }
        reader.prepare()
        return reader
    }

    /// Keeps the reader with a buffer of the smallest class; a head that outgrew it gives the larger one back.
    func giveReader(_ reader: RequestReader) {
        // The limits are part of its parser.
        guard readers.count < Self.pooledMax, reader.limits == snapshot.limits else {
            return buffers.give(reader.bytes)
        }
        if reader.bytes.capacity == BufferPool.classes[0] {
            reader.bytes.clear()
        } else {
            buffers.give(reader.bytes)
            reader.bytes = buffers.take()
        }
        // What is pooled must not keep an older generation alive.
        if let exchange = reader.exchange, exchange.snapshot !== snapshot { exchange.snapshot = snapshot }
        readers.give(reader)
    }

    /// 32 hexadecimal digits, unique to this worker's stream of random numbers; an identifier, not a secret.
    func writeRequestID(into out: ByteBuffer) {
        out.append(hexDigits: random.next())
        out.append(hexDigits: random.next())
    }

    // MARK: Figures

    func countBegun() {
        shard.adjust(inFlightCell, by: 1)
    }

    func record(_ exchange: Exchange) {
        let ended = preciseNow
        exchange.noteWork(until: ended)
        shard.adjust(inFlightCell, by: -1)
        var observation = ExchangeObservation()
        observation.method = exchange.request.method.rawValue
        observation.status = exchange.reason == .clientGone && !exchange.isHeadSent ? 0 : exchange.responseStatus
        observation.reason = exchange.reason
        observation.durationNanoseconds = ended.nanoseconds(since: exchange.startedAt)
        observation.overheadNanoseconds = exchange.overheadNanoseconds
        observation.requestBytes = exchange.request.byteCount + exchange.requestBodyCount
        observation.responseBytes = exchange.responseHeadCount + exchange.responseBodyCount
        (exchange.route?.series ?? exchange.snapshot.unmatched).observe(observation)
        trialObserver?(exchange)
        if let log = exchange.snapshot.accessLog { log.write(exchange, observation, endedAt: ended, by: self) }
    }
}

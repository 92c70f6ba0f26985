import Bytes
package import EventLoop
import HTTP
import Synchronization
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
    private(set) var snapshot: WorkerSnapshot
    private(set) var isDraining = false
    var random: SplitMix
    /// Room of `Exchange` for a rewritten path.
    var rewriteSpace: [UInt8] = []
    /// Where heads of the gateway's own answers are parsed into.
    var localHead = ResponseHead()
    let noBytes = ByteBuffer(capacity: 1)
    let noEdits = HeaderEdits()
    /// The value of `Date`, renewed each second.
    let date = ByteBuffer(capacity: HTTPDate.byteCount)

    private var listeners: [WorkerListener]
    private let budget: ConnectionBudget
    private let shard: MetricShard
    private let inFlightCell: Int
    private var clients = SlotTable<ServerConnection>()
    private var upstreams = SlotTable<UpstreamConnection>()
    private(set) var readers: [RequestReader] = []
    private var scratches: [ByteBuffer] = []
    private var events: [ReadyEvent] = []
    private var expired: [Token] = []
    private var pending: [ServerConnection] = []
    private var dateSecond: Int64 = -1
    private var isStopping = false
    private var isAcceptPaused = false

    /// One read of a body moves this much at most; it lies in one warm buffer, not in one per connection.
    static let scratchByteCount = 512 << 10
    private static let acceptsPerTurn = 64
    private static let pooledMax = 256

    /// What a worker is made of; sendable, so that it can be made here and opened on the worker's thread.
    package struct Parts: Sendable {
        package var shared: WorkerShared
        package var snapshot: SnapshotParcel
        package var listeners: ListenerParcel
        package var budget: ConnectionBudget
        package var seed: UInt64

        package init(
            shared: WorkerShared, snapshot: SnapshotParcel, listeners: ListenerParcel, budget: ConnectionBudget,
            seed: UInt64
        ) {
            self.shared = shared
            self.snapshot = snapshot
            self.listeners = listeners
            self.budget = budget
            self.seed = seed
        }
    }

    /// Bound listeners and the metric shard, on their way to the one worker that they are for. Sound as
    /// `SnapshotParcel` is.
    package final class ListenerParcel: @unchecked Sendable {
        let listeners: [WorkerListener]
        let shard: MetricShard

        package init(_ listeners: [WorkerListener], shard: MetricShard) {
            self.listeners = listeners
            self.shard = shard
        }
    }

    /// - Throws: `SystemError` when the poller or a registration fails.
    init(_ parts: Parts) throws(SystemError) {
        shared = parts.shared
        snapshot = parts.snapshot.open()
        listeners = parts.listeners.listeners
        shard = parts.listeners.shard
        budget = parts.budget
        random = SplitMix(seed: parts.seed)
        now = Clock.now()
        timers = TimerWheel(now: now)
        inFlightCell = shard.cell(SeriesKey(.requestsInFlight))
        poller = try EpollPoller()
        try poller.add(
            shared.mailbox.descriptor, token: Token(.mailbox, SlotKey(slot: 0, generation: 0)), interest: .read)
        for (index, listener) in listeners.enumerated() { try watch(listener, index) }
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
        updateClock()
        while !isStopping {
            let timeout = pending.isEmpty ? timers.millisecondsToNext(limit: 500) : 0
            do throws(SystemError) {
                try poller.wait(milliseconds: timeout, into: &events)
            } catch {
                // Only a broken poller gets here; without one there is no loop to go on with.
                break
            }
            let woke = Clock.now()
            now = woke
            updateClock()
            for index in events.indices { dispatch(events[index]) }
            runPending()
            timers.advance(to: now, expired: &expired)
            for index in expired.indices { fire(expired[index]) }
            runPending()
            if isDraining, clients.count == 0 { isStopping = true }
            let done = Clock.now()
            shared.heartbeat.store(done.nanoseconds, ordering: .relaxed)
            let busy = shared.busyNanoseconds.load(ordering: .relaxed)
            shared.busyNanoseconds.store(busy + done.nanoseconds(since: woke), ordering: .relaxed)
        }
        shutDown()
    }

    private func updateClock() {
        // The wall clock is asked about once a second only.
        let second = now.nanoseconds / 1_000_000_000
        guard second != dateSecond else { return }
        dateSecond = second
        date.clear()
        HTTPDate.format(unixSeconds: Clock.wallNanoseconds() / 1_000_000_000, into: date)
    }

    private func dispatch(_ event: ReadyEvent) {
        switch event.token.kind {
        case .client: clients[event.token.key]?.ready(event.readiness)
        case .upstream: upstreams[event.token.key]?.ready(event.readiness)
        case .listener: accept(Int(event.token.key.slot))
        case .mailbox: readMail()
        case .acceptResume, nil: break
        }
    }

    private func fire(_ token: Token) {
        switch token.kind {
        case .client: clients[token.key]?.timerFired()
        case .upstream: upstreams[token.key]?.timerFired()
        case .acceptResume: resumeAccepting()
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

    // MARK: Accepting

    private func watch(_ listener: WorkerListener, _ index: Int) throws(SystemError) {
        try poller.add(
            listener.listener.descriptor,
            token: Token(.listener, SlotKey(slot: UInt32(index), generation: 0)), interest: listener.listener.interest)
    }

    private func accept(_ index: Int) {
        let listener = listeners[index]
        for _ in 0..<Self.acceptsPerTurn {
            switch listener.listener.accept() {
            case .connection(let socket, let peer): take(socket, peer, listener)
            case .none: return
            case .exhausted:
                listener.count(.failed)
                return pauseAccepting()
            }
        }
    }

    private func take(_ socket: Socket, _ peer: IPAddress?, _ listener: WorkerListener) {
        guard budget.take() else {
            listener.count(.shed)
            OverloadAnswer.send(to: socket, by: self)
            return
        }
        listener.count(.accepted)
        shared.connectionCount.wrappingAdd(1, ordering: .relaxed)
        let connection = clients.insert {
            ServerConnection(worker: self, key: $0, socket: socket, listener: listener, peer: peer)
        }
        connection.start()
    }

    /// Out of descriptors: the peers wait in the kernel's queue until some have been closed.
    private func pauseAccepting() {
        guard !isAcceptPaused else { return }
        isAcceptPaused = true
        for listener in listeners { poller.remove(listener.listener.descriptor) }
        _ = timers.schedule(
            Token(.acceptResume, SlotKey(slot: 0, generation: 0)), at: now.advanced(byNanoseconds: 100_000_000))
    }

    private func resumeAccepting() {
        guard isAcceptPaused else { return }
        isAcceptPaused = false
        for (index, listener) in listeners.enumerated() {
            do throws(SystemError) { try watch(listener, index) } catch { pauseAccepting() }
        }
    }

    // MARK: Mail

    private func readMail() {
        for message in shared.mailbox.drain() {
            switch message {
            case .snapshot(let parcel):
                snapshot = parcel.open()
                // Pooled readers hold the limits and the generation that they last served.
                for reader in readers { buffers.give(reader.bytes) }
                readers.removeAll()
                shared.generation.store(snapshot.generation, ordering: .releasing)
            case .endpoints(let upstream, let plan):
                for pool in snapshot.pools where pool.name == upstream { pool.adopt(plan, on: self) }
            case .drain: drain()
            case .stop: isStopping = true
            }
        }
    }

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        for listener in listeners {
            poller.remove(listener.listener.descriptor)
            listener.listener.close()
        }
        listeners = []
        for connection in clients.all { connection.drain() }
    }

    private func shutDown() {
        for connection in clients.all { connection.disconnect() }
        for connection in upstreams.all { connection.close() }
        for listener in listeners { listener.listener.close() }
        listeners = []
    }

    // MARK: What connections share

    func addUpstream(_ socket: Socket, pool: UpstreamPool, endpoint: Endpoint, isConnected: Bool) -> UpstreamConnection?
    {
        let connection = upstreams.insert {
            UpstreamConnection(
                worker: self, key: $0, socket: socket, pool: pool, endpoint: endpoint, isConnected: isConnected)
        }
        do throws(SystemError) {
            try poller.add(socket.descriptor, token: Token(.upstream, connection.key), interest: [.read, .write])
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
        scratches.popLast() ?? ByteBuffer(capacity: Self.scratchByteCount)
    }

    func giveScratch(_ scratch: ByteBuffer) {
        scratch.clear()
        scratches.append(scratch)
    }

    func takeReader() -> RequestReader {
        guard let reader = readers.popLast() else {
            return RequestReader(
                limits: snapshot.limits, bytes: buffers.take(), exchange: Exchange(worker: self),
                generation: snapshot.generation)
        }
        reader.prepare()
        return reader
    }

    /// Keeps the reader with a buffer of the smallest class; a head that outgrew it gives the larger one back.
    func giveReader(_ reader: RequestReader) {
        // One of an older generation has that one's limits, and its exchange keeps its snapshot alive.
        guard readers.count < Self.pooledMax, reader.generation == snapshot.generation else {
            return buffers.give(reader.bytes)
        }
        if reader.bytes.capacity == BufferPool.classes[0] {
            reader.bytes.clear()
        } else {
            buffers.give(reader.bytes)
            reader.bytes = buffers.take()
        }
        readers.append(reader)
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
        shard.adjust(inFlightCell, by: -1)
        var observation = ExchangeObservation()
        observation.method = exchange.request.method.rawValue
        observation.status = exchange.reason == .clientGone ? 0 : exchange.responseStatus
        observation.reason = exchange.reason
        observation.durationNanoseconds = now.nanoseconds(since: exchange.startedAt)
        observation.overheadNanoseconds = observation.durationNanoseconds - exchange.upstreamNanoseconds
        observation.requestBytes = exchange.request.byteCount + exchange.requestBodyCount
        observation.responseBytes = exchange.responseBodyCount
        (exchange.route?.series ?? exchange.snapshot.unmatched).observe(observation)
    }
}

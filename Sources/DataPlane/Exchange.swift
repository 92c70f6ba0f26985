import Bytes
import HTTP
import Plugins
import Routing
import Telemetry
import Upstream

/// One request and its response, whatever protocol carries them. Read this first: the phases stand here in the order
/// in which a request passes them, and it never goes back up.
///
/// An exchange drives `ExchangeMachine`, which owns the order, and speaks to its client and its upstream through
/// `DownstreamStream` and `UpstreamStream`. Exchanges are pooled by their worker; `finish` hands one back.
///
/// - Threads: one worker's own.
final class Exchange: OutboundRequest, UpstreamReceiver {
    let worker: Worker
    var machine = ExchangeMachine()
    var downstream: (any DownstreamStream)?
    var upstream: (any UpstreamStream)?
    var snapshot: WorkerSnapshot
    var route: Route?
    /// Those of the route that was found first.
    var chain: FilterChain?
    /// How many filters are asked about the response head.
    private(set) var responseFilterCount = 0
    private var hasLogPhase = false
    /// What filters keep and change; nil until one does.
    var work: FilterWork?
    /// What authentication found of the client.
    var identity: ClientIdentity?
    var authDecision: AuthDecision?
    /// Tells this use of a pooled object from the next.
    private(set) var serial = 0
    var pool: UpstreamPool?
    var mirror: Mirror?

    // The request, as offsets into `requestBytes`.
    var request = RequestHead()
    var requestBytes: ByteBuffer
    var peer: IPAddress?
    var isPeerTrusted = false
    /// What TLS has told of the client; nil without it.
    var clientTLS: ClientTLS?
    var clientAddress = IPAddress.loopback
    /// Replaces the path of the target when normalising or a rewrite changed it.
    var changedPath: [UInt8] = []
    var isPathChanged = false
    var captures = PathCaptures()
    let requestEdits = HeaderEdits()
    let responseEdits = HeaderEdits()
    let requestID = ByteBuffer(capacity: 128)
    let peerText = ByteBuffer(capacity: 64)
    /// Whose address `peerText` holds.
    var writtenPeer: IPAddress?

    // Bodies.
    var bodyLimit = 0
    var requestBodyCount = 0
    var responseBodyCount = 0
    var responseHeadCount = 0
    /// The final head has been written for the client.
    var isHeadSent = false

    // Response.
    var responseStatus = 0
    /// The response head while filters of its phase are suspended; nil while it lies in the connection's buffer.
    var heldResponse: HeldResponse?
    var reason = EndReason.ok
    var hasRetried = false
    /// How often the request was sent to an upstream.
    var attemptCount = 0
    /// Who was asked last.
    var endpoint: Endpoint?
    /// Where the client connected.
    var listener: WorkerListener?
    /// The current try has been counted.
    var isTryObserved = false
    /// An answer of the route itself, while response filters look at it.
    var pendingAnswer: LocalResponse?

    // Times.
    var startedAt = Instant(nanoseconds: 0)
    var upstreamStartedAt = Instant(nanoseconds: 0)
    /// Spent waiting for heads of upstream responses, over all attempts.
    var upstreamNanoseconds: Int64 = 0
    /// Spent between waking up for this exchange and having done what could be done, over all turns.
    private(set) var overheadNanoseconds: Int64 = 0
    private var workNotedAt = Instant(nanoseconds: 0)
    /// End of the whole exchange; its stream watches it, since streams own timers.
    var deadline = Instant.distantFuture

    init(worker: Worker) {
        self.worker = worker
        snapshot = worker.snapshot
        requestBytes = worker.noBytes
    }

    // MARK: 1. Head

    /// The request head is complete: runs every phase as far as it gets without waiting.
    func begin(downstream: any DownstreamStream, bytes: ByteBuffer, peer: IPAddress?, startedAt: Instant) {
        self.downstream = downstream
        requestBytes = bytes
        self.peer = peer
        self.startedAt = startedAt
        isPeerTrusted = snapshot.trusts(peer)
        clientAddress = peer ?? .loopback
        if isPeerTrusted { clientAddress = ClientAddress.resolve(peer: peer, request, bytes.written, snapshot) }
        bodyLimit = snapshot.bodyLimit
        deadline = startedAt.deadline(after: snapshot.timeouts.request)
        takeRequestID()
        if let clientTLS { forward(clientTLS) }
        machine.headReceived()
        worker.countBegun()
        do throws(Refusal) {
            try chooseRoute()
        } catch {
            return answer(error)
        }
        if let filters = route?.filters {
            chain = filters
            responseFilterCount = filters.hasResponsePhase ? filters.count : 0
            hasLogPhase = filters.hasLogPhase
        }
        if let given = worker.trialIdentity { identity = given }
        runRequestFilters()
    }

    // Parsing it, and refusing one that is no request: `Exchange+Head.swift`.

    // MARK: 2. Route

    private func chooseRoute() throws(Refusal) {
        switch request.method {
        case .connect, .trace: throw Refusal(.notImplemented)
        case .get, .head, .post, .put, .delete, .options, .patch, .other: break
        }
        if let expect = request.field(.expect), request.minorVersion >= 1 {
            let buffer = requestBytes
            let value = buffer.written.extracting(expect.valueRange)
            // The only expectation there is (RFC 9110 §10.1.1); without a body it asks for nothing.
            guard value.count == 12, ASCII.hasPrefixIgnoringCase(value, "100-continue") else {
                throw Refusal(.expectationFailed)
            }
        }
        if request.targetForm == .asterisk { throw Refusal.serverOptions }
        let buffer = requestBytes
        let bytes = buffer.written
        let path = bytes.extracting(request.pathRange)
        if PathNormalizer.isNormal(path) {
            try match(path, bytes)
        } else {
            do throws(TargetError) {
                try PathNormalizer.normalize(path, into: &changedPath)
            } catch {
                // A path that two readers may read differently: nothing else of this peer is read either.
                downstream?.closeAfterResponse()
                throw Refusal(.badRequest)
            }
            isPathChanged = true
            let normal = changedPath
            try match(normal.span, bytes)
        }
        guard let route else { return }
        bodyLimit = route.bodyLimit
        deadline = startedAt.deadline(after: route.requestTimeout)
        if case .length(let count) = request.framing, count > bodyLimit { throw Refusal(.bodyTooLarge) }
        if let rewrite = route.rewrite, !route.rewritesBehindFilters { try apply(rewrite) }
    }

    private func match(_ path: Span<UInt8>, _ bytes: Span<UInt8>) throws(Refusal) {
        let query = request.queryRange ?? 0..<0
        let fields = request.fields
        var found = PathCaptures()
        swap(&found, &captures)
        let outcome = snapshot.table.match(
            method: request.method, methodToken: bytes.extracting(request.methodRange),
            authority: bytes.extracting(request.authorityRange), path: path, query: bytes.extracting(query),
            fields: fields.span, knownHeaders: request.knownHeaders, bytes: bytes, captures: &found)
        swap(&found, &captures)
        switch outcome {
        case .route(let index): route = snapshot.routes[index]
        case .methodNotAllowed(let allow):
            if let index = preflightRoute(path, bytes) { return route = snapshot.routes[index] }
            throw Refusal(.methodNotAllowed, allow: snapshot.table.allowValue(allow))
        case .notFound: throw Refusal(.noRoute)
        }
    }

    // MARK: 3. Request filters

    /// Runs the request phases that are due; also the continuation after a suspended one.
    func runRequestFilters() {
        if let chain {
            while case .filteringRequest(let next) = machine.phase, next < chain.count {
                switch chain.filters[next].onRequest(self) {
                case .proceed: machine.requestFilterPassed()
                case .respond(let response): return answerInstead(response)
                case .suspend: return
                }
            }
            guard case .filteringRequest = machine.phase else { return }
            guard endRequestFilters(chain) else { return }
        } else {
            guard case .filteringRequest = machine.phase else { return }
            machine.requestFiltersDone(request: requestHalf)
        }
        act()
    }

    /// All filters have let the request pass; false when its body turned out too large for one of them.
    private func endRequestFilters(_ chain: FilterChain) -> Bool {
        if usedWork?.request.collection == .tooLarge {
            answer(Refusal(.bodyTooLarge))
            return false
        }
        if chain.streamsRequest, hasRequestBody || usedWork?.request.whole != nil { openPipeline(.request) }
        machine.requestFiltersDone(request: requestHalf)
        return true
    }

    /// A length of 0 announces a body that never comes.
    var hasRequestBody: Bool { request.framing != .none && request.framing != .length(0) }

    /// How much of the request is still to come for the upstream, seen from its start.
    var requestHalf: ExchangeMachine.RequestHalf {
        guard let work, work.isMoreUsed else { return hasRequestBody ? .streaming : .ended }
        if work.request.pipeline != nil { return .streaming }
        return !hasRequestBody || work.request.whole != nil ? .ended : .streaming
    }

    /// The framing of the body that goes upstream.
    var outgoingFraming: BodyFraming {
        guard let work, work.isMoreUsed else { return request.framing }
        if work.request.pipeline != nil { return .chunked }
        return work.request.whole.map { .length($0.count) } ?? request.framing
    }

    // MARK: 4. Action

    private func act() {
        guard let route else { return answer(Refusal(.noRoute)) }
        if route.rewritesBehindFilters, usedWork?.isPathChosen != true, let rewrite = route.rewrite {
            do throws(Refusal) {
                try apply(rewrite)
            } catch {
                return answer(error)
            }
        }
        if let pool = usedWork?.pool { return forward(to: pool) }
        switch route.action {
        case .forward(let pool): forward(to: pool)
        case .split(let split): forward(to: split.pool(for: worker.random.next()))
        case .respond(let response): answerThroughFilters(response)
        case .redirect(let status, let template): redirect(status, template)
        }
    }

    private func forward(to pool: UpstreamPool) {
        self.pool = pool
        if let mirror = route?.mirror, mirror.share.chooses(&worker.random) {
            self.mirror = Mirror.start(of: self, to: mirror.pool)
        }
        openUpstream(mustBeFresh: false)
    }

    // MARK: 5. Upstream

    /// Chooses an endpoint, sends the head, and starts the body.
    func openUpstream(mustBeFresh: Bool) {
        guard let pool else { return }
        isTryObserved = false
        let stream: UpstreamConnection
        do throws(UpstreamFailure) {
            let hash = pool.isHashed ? requestHash(pool.hashSource) : 0
            stream = try pool.open(
                for: self, method: request.method, hash: hash, preferred: try wishedEndpoint(of: pool),
                mustBeFresh: mustBeFresh, on: worker)
        } catch {
            return answer(Refusal(error.endReason))
        }
        machine.upstreamOpened()
        upstream = stream
        endpoint = stream.endpoint
        attemptCount += 1
        upstreamStartedAt = worker.now
        stream.sendHead(self)
        if machine.isRequestEnded {
            if let whole = usedWork?.request.whole { stream.sendBody(whole.span, isChunked: false) }
            guard upstream === stream else { return }
            stream.endRequest(isChunked: false, trailers: [])
        } else if let work = usedWork, let pipeline = work.request.pipeline, let whole = work.request.whole {
            pipeline.push(whole, isLast: true)
        } else {
            downstream?.resumeRequestBody()
        }
        // The body may have ended everything: too large, or malformed.
        guard upstream === stream else { return }
        stream.flush()
        guard upstream === stream else { return }
        // From here on it is the upstream that time passes for.
        upstreamStartedAt = worker.preciseNow
        noteWork(until: upstreamStartedAt)
    }

    /// The endpoint that a filter has asked for, if the upstream has it.
    private func wishedEndpoint(of pool: UpstreamPool) throws(UpstreamFailure) -> Endpoint? {
        guard let wish = usedWork?.endpoint else { return nil }
        if let found = pool.cluster.endpoints.first(where: { $0.labelBytes == wish.label }) { return found }
        if wish.isStrict { throw .noEndpoint }
        return nil
    }

    /// The gateway has worked on this exchange since the turn began, or since it was noted last.
    func noteWork(until instant: Instant) {
        let start = max(worker.now.nanoseconds, workNotedAt.nanoseconds)
        overheadNanoseconds += max(instant.nanoseconds - start, 0)
        workNotedAt = instant
    }

    // MARK: 6. Response: `Exchange+Upstream.swift`. 7. End:

    /// Records the exchange and gives it back; nothing may happen to it afterwards.
    func finish(_ reason: EndReason) {
        self.reason = reason
        machine.finish()
        observeTry(status: 0)
        dropUpstream()
        mirror?.requestAborted()
        mirror = nil
        // Sending is part of what is measured.
        downstream?.flushLast()
        if hasLogPhase, let chain { for filter in chain.filters { filter.onLog(self) } }
        worker.record(self)
        let stream = downstream
        reset()
        stream?.exchangeFinished()
    }

    private func reset() {
        downstream = nil
        route = nil
        chain = nil
        responseFilterCount = 0
        hasLogPhase = false
        identity = nil
        authDecision = nil
        clientTLS = nil
        serial &+= 1
        work?.reset()
        pool = nil
        if let held = heldResponse {
            // The exchange ended while a filter waited.
            heldResponse = nil
            worker.buffers.give(held.bytes)
        }
        pendingAnswer = nil
        requestBytes = worker.noBytes
        isPathChanged = false
        if !requestEdits.isEmpty { requestEdits.removeAll() }
        if !responseEdits.isEmpty { responseEdits.removeAll() }
        requestID.clear()
        requestBodyCount = 0
        responseBodyCount = 0
        responseHeadCount = 0
        isHeadSent = false
        responseStatus = 0
        hasRetried = false
        attemptCount = 0
        endpoint = nil
        listener = nil
        upstreamNanoseconds = 0
        overheadNanoseconds = 0
        deadline = .distantFuture
        machine.reset()
    }
}

import Bytes
import EventLoop
import HTTP
import TLS
import Telemetry

/// One HTTP/1.1 connection of a client: reads requests one after the other, and is the client's side of their
/// exchanges. Sending stands in `ServerConnection+Response.swift`, bodies in `ServerConnection+Body.swift`.
///
/// - Threads: one worker's own.
final class ServerConnection {
    enum State: Equatable {
        /// TLS is being agreed on.
        case handshaking
        /// Between two requests, with nothing read.
        case idle
        case readingHead
        case serving
        /// The response is done but not yet with the kernel; then the connection closes or serves on.
        case flushing(closes: Bool)
        /// Our side is closed; what the client still sends is thrown away, so that it can read our answer before a
        /// reset reaches it (RFC 9112 §9.6).
        case lingering
        case closed
    }

    let worker: Worker
    let key: SlotKey
    let transport: Transport
    let listener: WorkerListener
    let peer: IPAddress?
    var state = State.idle
    /// What TLS has told of the client; nil without it.
    var clientTLS: ClientTLS?
    var exchange: Exchange?
    var reader: RequestReader?
    let output = OutputQueue()
    private var timer = DeadlineTimer()
    /// Deadline of the state, beside the exchange's own.
    private var stateDeadline = Instant.distantFuture
    private var headStartedAt = Instant(nanoseconds: 0)

    /// Output waits for the client.
    var isBlocked = false
    /// The last bytes of a response did not go out.
    var isBroken = false
    /// The kernel has, or may have, bytes for us that no further event will announce.
    var mayHaveInput = false
    var isWriteWatched = false
    var isRegistered = false
    /// The client has ended its side.
    var isPeerEnded = false
    /// A request has been answered before.
    private var hasServed = false
    var closesAfterResponse = false
    var isResponseChunked = false
    private var lingerBudget: Int32 = 0
    private var bytesAtHalfClose = 0

    /// Nanoseconds that a half-closed client's exchange may stand still.
    private static let halfCloseGrace: Int64 = 1_000_000_000
    private static let lingerTimeout: Int64 = 2_000_000_000
    private static let firstRequestGrace: Int64 = 1_000_000_000

    init(worker: Worker, key: SlotKey, transport: Transport, listener: WorkerListener, peer: IPAddress?) {
        self.worker = worker
        self.key = key
        self.transport = transport
        self.listener = listener
        self.peer = peer
    }

    var token: Token { Token(.client, key) }

    /// Starts the life of an accepted connection. Whatever the client sent along is read before the poller is asked:
    /// it often saves a turn.
    func start() {
        listener.moved(active: 0, idle: 1)
        if transport.tls == nil {
            setDeadline(worker.now.deadline(after: worker.snapshot.timeouts.keepAlive))
            readable()
        } else {
            state = .handshaking
            setDeadline(worker.now.deadline(after: listener.handshakeTimeout))
            shakeHands()
        }
        register()
    }

    private func register() {
        guard state != .closed else { return }
        do throws(SystemError) {
            let interest: Interest = isWriteWatched ? [.read, .write] : .read
            try worker.poller.add(transport.descriptor, token: token, interest: interest)
            isRegistered = true
        } catch {
            disconnect()
        }
    }

    // MARK: Events

    func ready(_ readiness: Readiness) {
        if readiness.contains(.failed) || readiness.contains(.hungUp) { return disconnect() }
        if state == .handshaking { return shakeHands() }
        if readiness.contains(.peerEnded) { isPeerEnded = true }
        if readiness.contains(.writable), isBlocked { writable() }
        if readiness.contains(.readable) || readiness.contains(.peerEnded) { readable() }
    }

    func readable() {
        switch state {
        case .handshaking: shakeHands()
        case .idle, .readingHead: readHead()
        case .serving: inputWhileServing()
        case .flushing: mayHaveInput = true
        case .lingering: discardInput()
        case .closed: break
        }
    }

    private func inputWhileServing() {
        guard let reader else { return }
        if !reader.body.isComplete {
            readBody()
        } else {
            mayHaveInput = true
            if isPeerEnded { watchHalfClosed() }
        }
    }

    /// The client has ended its side: it may have gone, or it may be waiting for its answer with a half-closed
    /// connection, and TCP cannot tell which. So the exchange goes on as long as the response moves, and ends a moment
    /// after it does not.
    private func watchHalfClosed() {
        bytesAtHalfClose = exchange?.responseBodyCount ?? 0
        setDeadline(worker.now.advanced(byNanoseconds: Self.halfCloseGrace))
    }

    func timerFired() {
        let now = worker.now
        let isDue = timer.isDue(now: now)
        timer = timer.afterExpiry(now: now, wheel: worker.timers)
        guard isDue else { return }
        if state == .serving, let exchange, exchange.deadline <= now { return exchange.deadlinePassed() }
        guard stateDeadline <= now else { return rearm() }
        stateDeadline = .distantFuture
        switch state {
        case .handshaking:
            listener.count(.timedOut)
            close()
        case .idle, .flushing, .lingering: close()
        case .readingHead: refuse(.requestTimeout)
        case .serving:
            if isPeerEnded, reader?.body.isComplete == true, !isBlocked {
                if exchange?.responseBodyCount == bytesAtHalfClose { return disconnect() }
                return watchHalfClosed()
            }
            if isBlocked { exchange?.responseStalled() } else { exchange?.requestBodyTimedOut() }
        case .closed: break
        }
    }

    func setDeadline(_ deadline: Instant) {
        stateDeadline = deadline
        rearm()
    }

    func rearm() {
        var deadline = stateDeadline
        if let exchange, exchange.deadline < deadline { deadline = exchange.deadline }
        if timer.move(to: deadline) { timer = timer.armed(token: token, wheel: worker.timers) }
    }

    // MARK: Request heads

    private func readHead() {
        while state == .idle || state == .readingHead {
            let reader = openReader()
            var bytes = reader.bytes
            if bytes.writableCount == 0 {
                // The parser refuses heads past their limits, which bounds this.
                bytes = worker.buffers.grow(bytes, atLeast: bytes.capacity * 2)
                reader.bytes = bytes
            }
            let outcome = transport.receive(into: bytes)
            let isFilled = bytes.writableCount == 0
            switch outcome {
            case .transferred:
                mayHaveInput = isFilled
                if state == .idle { beginHead(reader) }
                parseHead(reader)
                guard isFilled || isPeerEnded else { return }
            case .wouldBlock:
                mayHaveInput = false
                return releaseIfIdle()
            case .ended:
                isPeerEnded = true
                return disconnect()
            case .failed: return disconnect()
            }
        }
    }

    private func openReader() -> RequestReader {
        if let reader { return reader }
        let fresh = worker.takeReader()
        reader = fresh
        return fresh
    }

    private func beginHead(_ reader: RequestReader) {
        state = .readingHead
        headStartedAt = worker.now
        listener.moved(active: 1, idle: -1)
        guard let exchange = reader.exchange else { return }
        exchange.snapshot = worker.snapshot
        exchange.forgetRequest()
        exchange.listener = listener
        if let clientTLS { exchange.clientTLS = clientTLS }
        self.exchange = exchange
    }

    /// Parses what is there and starts the exchange when the head is whole.
    private func parseHead(_ reader: RequestReader) {
        guard let exchange = reader.exchange else { return }
        let bytes = reader.bytes
        do throws(RequestError) {
            guard try exchange.parseRequest(bytes.readable, with: &reader.parser) else {
                return setDeadline(headStartedAt.deadline(after: worker.snapshot.timeouts.requestHead))
            }
        } catch {
            return refuse(error.endReason)
        }
        reader.headParsed(byteCount: exchange.request.byteCount, framing: exchange.request.framing)
        state = .serving
        stateDeadline = .distantFuture
        closesAfterResponse = !exchange.request.isKeepAlive
        exchange.begin(downstream: self, bytes: reader.bytes, peer: peer, startedAt: headStartedAt)
        if state == .serving { rearm() }
    }

    /// Answers a head that is no request, and closes: where the next one begins is unknown.
    private func refuse(_ reason: EndReason) {
        guard let reader, let exchange else { return close() }
        state = .serving
        stateDeadline = .distantFuture
        closesAfterResponse = true
        exchange.refuse(reason, downstream: self, bytes: reader.bytes, peer: peer, startedAt: headStartedAt)
    }

    private func releaseIfIdle() {
        guard state == .idle, let reader else { return }
        self.reader = nil
        worker.giveReader(reader)
    }

    // MARK: Between requests

    func exchangeFinished() {
        exchange = nil
        guard state != .closed else { return returnReader() }
        if isBroken { return disconnect() }
        let closes = closesAfterResponse || reader?.body.isComplete != true
        if isBlocked {
            state = .flushing(closes: closes)
            setDeadline(worker.now.deadline(after: worker.snapshot.timeouts.bodyIdle))
        } else {
            settle(closes: closes)
        }
    }

    func settle(closes: Bool) {
        hasServed = true
        if closes || worker.isLeaving || listener.isRemoved { return closeInOrder() }
        state = .idle
        listener.moved(active: -1, idle: 1)
        guard let reader else { return }
        if reader.startNext() {
            worker.later(self)
        } else {
            releaseIfIdle()
            if isPeerEnded, !mayHaveInput { return disconnect() }
            if mayHaveInput { worker.later(self) }
        }
        setDeadline(worker.now.deadline(after: worker.snapshot.timeouts.keepAlive))
    }

    /// Serves what the client had sent behind its last request; called from the top of the loop, so that a pipeline
    /// of any length is a loop and not a recursion.
    func continueReading() {
        guard state == .idle else { return }
        if let reader, !reader.bytes.isEmpty {
            beginHead(reader)
            parseHead(reader)
            guard state == .readingHead || state == .idle else { return }
        }
        if state != .closed { readHead() }
    }

    // MARK: Ends

    /// Closes an idle connection because the worker drains. What its client has sent by now is still served, and one
    /// that was accepted a moment ago gets a moment to say what it wants.
    func drain() {
        guard state == .idle else { return }
        readable()
        guard state == .idle else { return }
        if hasServed { return close() }
        setDeadline(worker.now.advanced(byNanoseconds: Self.firstRequestGrace))
    }

    /// Ends the connection because the worker stops, telling the client why where that is still possible.
    func cut() {
        if state == .serving { exchange?.fail(.drainTimeout) }
        if state != .closed { _ = output.flush(to: transport, pool: worker.buffers) }
        disconnect()
    }

    /// Closes after an answer. With nothing unread that is a plain close; else the client is heard out for a moment,
    /// since a reset would take our answer from it.
    private func closeInOrder() {
        guard let reader, !isPeerEnded else { return close() }
        if reader.body.isComplete, !mayHaveInput, reader.bytes.isEmpty { return close() }
        transport.shutdownWrite()
        state = .lingering
        lingerBudget = 256
        setDeadline(worker.now.advanced(byNanoseconds: Self.lingerTimeout))
        discardInput()
    }

    private func discardInput() {
        while state == .lingering {
            let scratch = worker.takeScratch()
            let outcome = transport.receive(into: scratch)
            worker.giveScratch(scratch)
            lingerBudget -= 1
            switch outcome {
            case .transferred: if lingerBudget <= 0 { close() }
            case .wouldBlock: return
            case .ended, .failed: close()
            }
        }
    }

    /// The client is gone: ends what is under way.
    func disconnect() {
        guard state != .closed else { return }
        guard state == .serving, let active = exchange else { return close() }
        // The exchange is recorded with its request, which lies in the reader.
        release(keepingReader: true)
        transport.close()
        active.downstreamGone()
        exchange = nil
        returnReader()
    }

    func close() {
        guard state != .closed else { return }
        release()
        transport.close()
        exchange = nil
    }

    /// Ends with a reset, where a plain close could be taken for the end of a response.
    func abort() {
        guard state != .closed else { return }
        // Until the exchange, which is about to end, has been recorded.
        release(keepingReader: true)
        transport.abort()
    }

    private func release(keepingReader: Bool = false) {
        let isIdle = state == .idle || state == .handshaking
        listener.moved(active: isIdle ? 0 : -1, idle: isIdle ? -1 : 0)
        state = .closed
        timer = timer.cancelled(wheel: worker.timers)
        output.discard(pool: worker.buffers)
        if !keepingReader { returnReader() }
        worker.remove(self)
    }

    private func returnReader() {
        guard let reader else { return }
        self.reader = nil
        worker.giveReader(reader)
    }
}

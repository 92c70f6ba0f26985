import Bytes
import EventLoop
import HTTP
import TLS
import Upstream

/// One HTTP/1.1 connection to an endpoint: it serves one request at a time and waits in the endpoint's idle pool
/// between them.
///
/// - Threads: one worker's own.
final class UpstreamConnection: UpstreamStream {
    enum State {
        case connecting
        /// TLS is being agreed on.
        case handshaking
        case serving, idle, closed
    }

    enum Progress: Equatable {
        case awaitingHead
        case body(remaining: Int)
        case chunkedBody
        case bodyUntilClose
        case ended
    }

    let worker: Worker
    let key: SlotKey
    let transport: Transport
    let pool: UpstreamPool
    let endpoint: Endpoint
    private(set) var isReused = false
    private(set) var isBlocked = false

    var state = State.connecting
    var receiver: (any UpstreamReceiver)?
    private(set) var requestMethod = Method.get
    var progress = Progress.awaitingHead
    private var isRequestEnded = false
    var hasReceived = false
    /// The server has ended its side: what it sent before is read to the end, since no further event announces it.
    var isPeerEnded = false
    /// The receiver could not take more; bytes may wait in the kernel without a further event.
    var isReadPaused = false
    private let output = OutputQueue()
    var parser: ResponseParser
    var decoder: ChunkedDecoder
    var head = ResponseHead()
    /// Where the head lies whose filters are asked now.
    var headBuffer: ByteBuffer?
    /// A head that did not arrive in one piece.
    var partialHead: ByteBuffer?
    /// Body bytes that came with a head which its receiver holds back.
    var heldBody: ByteBuffer?
    private var timer = DeadlineTimer()
    var interimCount = 0
    /// Bytes that one read asks for.
    var readMax = UpstreamConnection.readStart

    static let readStart = 64 << 10
    static let readMin = 64 << 10

    /// More interim responses than any server sends; a flood of them would be free otherwise.
    static let interimMax = 16

    init(worker: Worker, key: SlotKey, transport: Transport, pool: UpstreamPool, endpoint: Endpoint, isConnected: Bool)
    {
        self.worker = worker
        self.key = key
        self.transport = transport
        self.pool = pool
        self.endpoint = endpoint
        parser = ResponseParser(limits: UpstreamPool.responseLimits)
        decoder = ChunkedDecoder(limits: UpstreamPool.responseLimits)
        if isConnected, transport.tls == nil {
            state = .serving
        } else {
            if isConnected { state = .handshaking }
            setDeadline(worker.now.advanced(byNanoseconds: pool.connectTimeout))
        }
    }

    var pendingByteCount: Int { output.byteCount }

    private var token: Token { Token(.upstream, key) }

    func setDeadline(_ deadline: Instant) {
        if timer.move(to: deadline) { timer = timer.armed(token: token, wheel: worker.timers) }
    }

    // MARK: Sending

    /// Takes the connection into use for one request.
    func begin(_ receiver: any UpstreamReceiver, method: Method, isReused: Bool) {
        self.receiver = receiver
        self.isReused = isReused
        requestMethod = method
        progress = .awaitingHead
        isRequestEnded = false
        hasReceived = false
        isReadPaused = false
        interimCount = 0
        if isReused { state = .serving }
    }

    func sendHead(_ request: any OutboundRequest) {
        request.writeHTTP1(into: output.reserve(request.http1ByteCountMax, pool: worker.buffers))
    }

    func sendBody(_ bytes: Span<UInt8>, isChunked: Bool) {
        guard state != .closed, !bytes.isEmpty else { return }
        if isChunked {
            let frame = output.reserve(20, pool: worker.buffers)
            frame.append(hex: bytes.count)
            frame.append("\r\n")
        }
        // While connecting nothing can be sent, so everything is queued.
        let outcome = output.write(
            bytes, to: transport, pool: worker.buffers, isBlocked: isBlocked || isOpening)
        handle(outcome)
        if isChunked, state != .closed { output.reserve(2, pool: worker.buffers).append("\r\n") }
    }

    func endRequest(isChunked: Bool, trailers: [UInt8]) {
        guard state != .closed else { return }
        if isChunked {
            let frame = output.reserve(trailers.count + 8, pool: worker.buffers)
            frame.append("0\r\n")
            frame.append(trailers)
            frame.append("\r\n")
        }
        isRequestEnded = true
        if state == .serving { awaitResponse() }
    }

    func flush() {
        guard state == .serving else {
            if isOpening { isBlocked = !output.isEmpty }
            return
        }
        handle(output.flush(to: transport, pool: worker.buffers))
    }

    /// Nothing can be sent yet.
    private var isOpening: Bool { state == .connecting || state == .handshaking }

    private func awaitResponse() {
        guard progress == .awaitingHead else { return }
        setDeadline(worker.now.advanced(byNanoseconds: pool.responseTimeout))
    }

    private func handle(_ outcome: OutputQueue.Outcome) {
        switch outcome {
        case .drained: break
        case .blocked: isBlocked = true
        case .failed:
            // The server may have answered before it closed: what it said counts more than our broken write.
            readable()
            if state != .closed, progress == .awaitingHead { fail(hasReceived ? .resetInHead : .resetBeforeResponse) }
        }
    }

    // MARK: Events

    func ready(_ readiness: Readiness) {
        switch state {
        case .connecting:
            guard readiness.contains(.writable) || readiness.contains(.failed) || readiness.contains(.hungUp) else {
                return
            }
            connected()
            // A server may answer and close before it has read: that edge is this one too.
            if state == .serving, readiness.contains(.readable) || readiness.contains(.peerEnded) { ready(readiness) }
        case .handshaking: shakeHands()
        case .serving:
            if readiness.rawValue & (Readiness.peerEnded.rawValue | Readiness.hungUp.rawValue) != 0 {
                isPeerEnded = true
            }
            if readiness.contains(.writable), isBlocked { unblock() }
            guard state == .serving else { return }
            if readiness.rawValue & ~Readiness.writable.rawValue != 0 {
                if let receiver, !receiver.canTakeResponse { isReadPaused = true } else { readable() }
            }
        case .idle:
            // An idle connection has nothing to say; whatever this is, it is not good for another request.
            if readiness.rawValue & ~Readiness.writable.rawValue != 0 { close() }
        case .closed: break
        }
    }

    private func connected() {
        let code = transport.socket.pendingError
        guard code == 0 else { return fail(.connect(code)) }
        if transport.tls == nil { return opened() }
        state = .handshaking
        shakeHands()
    }

    /// Goes on with the handshake; also called for a connection that was established at once.
    func shakeHands() {
        guard state == .handshaking, let tls = transport.tls else { return }
        switch tls.handshake() {
        case .wantsRead, .wantsWrite: return
        case .done: opened()
        case .failed, .plainHTTP:
            pool.noteTLSFailure(tls.reason, at: endpoint, on: worker)
            fail(.tls)
        }
    }

    private func opened() {
        state = .serving
        setDeadline(.distantFuture)
        isBlocked = false
        if isRequestEnded { awaitResponse() }
        flush()
        if state == .serving, !isBlocked { receiver?.upstreamUnblocked() }
    }

    private func unblock() {
        isBlocked = false
        flush()
        if state == .serving, !isBlocked { receiver?.upstreamUnblocked() }
    }

    func timerFired() {
        let now = worker.now
        let isDue = timer.isDue(now: now)
        timer = timer.afterExpiry(now: now, wheel: worker.timers)
        guard isDue else { return }
        switch state {
        case .connecting, .handshaking: fail(.connectTimeout)
        case .serving: if progress == .awaitingHead { fail(.responseTimeout) }
        case .idle: close()
        case .closed: break
        }
    }

    // MARK: Ends

    /// The response is whole. The connection goes back to the pool when nothing speaks against another request on it.
    func complete(hasExtraBytes: Bool, trailers: [UInt8]) {
        progress = .ended
        let finished = receiver
        receiver = nil
        let isReusable =
            head.isKeepAlive && isRequestEnded && !isPeerEnded && !hasExtraBytes && !isBlocked
            && output.isEmpty
        if isReusable { park() } else { close() }
        finished?.upstreamEnded(trailers: trailers)
    }

    private func park() {
        guard pool.mayKeep(endpoint), !worker.isLeaving else { return close() }
        state = .idle
        isReused = true
        setDeadline(worker.now.advanced(byNanoseconds: pool.idleTimeout))
        pool.checkIn(self)
    }

    func fail(_ failure: UpstreamFailure) {
        let failed = receiver
        receiver = nil
        close()
        failed?.upstreamFailed(failure)
    }

    func cancel() {
        receiver = nil
        close()
    }

    /// Closes an idle or broken connection; safe to call twice.
    func close() {
        guard state != .closed else { return }
        if state == .idle { pool.forgetIdle(self) } else { pool.countClosed(self) }
        state = .closed
        timer = timer.cancelled(wheel: worker.timers)
        output.discard(pool: worker.buffers)
        if let partialHead {
            worker.buffers.give(partialHead)
            self.partialHead = nil
        }
        if let heldBody {
            worker.buffers.give(heldBody)
            self.heldBody = nil
        }
        transport.close()
        worker.remove(self)
    }
}

import Bytes
import EventLoop
import HTTP
import Upstream

/// One HTTP/1.1 connection to an endpoint: it serves one request at a time and waits in the endpoint's idle pool
/// between them.
///
/// - Threads: one worker's own.
final class UpstreamConnection: UpstreamStream {
    private enum State { case connecting, serving, idle, closed }

    private enum Progress: Equatable {
        case awaitingHead
        case body(remaining: Int)
        case chunkedBody
        case bodyUntilClose
        case ended
    }

    let worker: Worker
    let key: SlotKey
    let socket: Socket
    let pool: UpstreamPool
    let endpoint: Endpoint
    private(set) var isReused = false
    private(set) var isBlocked = false

    private var state = State.connecting
    private var receiver: (any UpstreamReceiver)?
    private var requestMethod = Method.get
    private var progress = Progress.awaitingHead
    private var isRequestEnded = false
    private var hasReceived = false
    /// The server has ended its side: what it sent before is read to the end, since no further event announces it.
    private var isPeerEnded = false
    /// The receiver could not take more; bytes may wait in the kernel without a further event.
    private var isReadPaused = false
    private var output = OutputQueue()
    private var parser: ResponseParser
    private var decoder: ChunkedDecoder
    private var head = ResponseHead()
    /// A head that did not arrive in one piece.
    private var partialHead: ByteBuffer?
    /// Body bytes that came with a head which its receiver holds back.
    private var heldBody: ByteBuffer?
    private var timer = DeadlineTimer()
    private var interimCount = 0
    /// Bytes that one read asks for.
    private var readMax = UpstreamConnection.readStart

    private static let readStart = 64 << 10
    private static let readMin = 16 << 10

    /// More interim responses than any server sends; a flood of them would be free otherwise.
    private static let interimMax = 16

    init(worker: Worker, key: SlotKey, socket: Socket, pool: UpstreamPool, endpoint: Endpoint, isConnected: Bool) {
        self.worker = worker
        self.key = key
        self.socket = socket
        self.pool = pool
        self.endpoint = endpoint
        parser = ResponseParser(limits: UpstreamPool.responseLimits)
        decoder = ChunkedDecoder(limits: UpstreamPool.responseLimits)
        if isConnected {
            state = .serving
        } else {
            setDeadline(worker.now.advanced(byNanoseconds: pool.connectTimeout))
        }
    }

    var pendingByteCount: Int { output.byteCount }

    private var token: Token { Token(.upstream, key) }

    private func setDeadline(_ deadline: Instant) {
        timer.set(deadline, token: token, wheel: &worker.timers)
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
            bytes, to: socket, pool: worker.buffers, isBlocked: isBlocked || state == .connecting)
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
            if state == .connecting { isBlocked = !output.isEmpty }
            return
        }
        handle(output.flush(to: socket, pool: worker.buffers))
    }

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
        let code = socket.pendingError
        guard code == 0 else { return fail(.connect(code)) }
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
        guard timer.expired(now: worker.now, wheel: &worker.timers) else { return }
        switch state {
        case .connecting: fail(.connectTimeout)
        case .serving: if progress == .awaitingHead { fail(.responseTimeout) }
        case .idle: close()
        case .closed: break
        }
    }

    // MARK: Receiving

    func resumeResponse() {
        guard isReadPaused, state == .serving else { return }
        isReadPaused = false
        if let held = heldBody {
            heldBody = nil
            deliver(held.readable)
            worker.buffers.give(held)
        }
        readable()
    }

    private func readable() {
        while state == .serving {
            if let receiver, !receiver.canTakeResponse {
                isReadPaused = true
                break
            }
            if let full = partialHead, full.writableCount == 0 {
                partialHead = worker.buffers.grow(full, atLeast: full.capacity * 2)
            }
            let scratch = partialHead == nil ? worker.takeScratch() : nil
            guard let buffer = scratch ?? partialHead else { break }
            let room = min(buffer.writableCount, readMax)
            let outcome = socket.receive(into: buffer, atMost: room)
            // A read that got all it asked for leaves more behind; the edge will not come again for it.
            let isFilled = outcome == .transferred(room)
            switch outcome {
            case .transferred:
                hasReceived = true
                process(buffer)
            case .wouldBlock: break
            case .ended: ended()
            case .failed: broken()
            }
            if let scratch { worker.giveScratch(scratch) }
            guard case .transferred = outcome, isFilled || isPeerEnded else { break }
            adaptReadMax()
        }
        receiver?.upstreamTurnEnded()
    }

    /// What a slow client does not take is kept in memory, so reads for it are small; a fast one gets large ones.
    private func adaptReadMax() {
        let isTaken = receiver?.canTakeResponse ?? true
        readMax = isTaken ? min(readMax * 2, Worker.scratchByteCount) : Self.readMin
    }

    private func process(_ buffer: ByteBuffer) {
        if progress == .awaitingHead {
            guard parseHead(buffer) else { return }
            if partialHead != nil {
                // The rest of what came with the head is delivered from here, then the buffer goes back.
                partialHead = nil
                deliverOrHold(buffer)
                worker.buffers.give(buffer)
                return
            }
            return deliverOrHold(buffer)
        }
        deliver(buffer.readable)
    }

    /// The bytes behind a head: a filter that suspended on the head must not see them before it resumes.
    private func deliverOrHold(_ buffer: ByteBuffer) {
        guard let receiver, receiver.holdsResponse else { return deliver(buffer.readable) }
        let held = worker.buffers.take(atLeast: max(buffer.readableCount, 1))
        held.append(buffer.readable)
        heldBody = held
        isReadPaused = true
    }

    /// Parses heads until the final one is through; false when there is none yet, or no connection any more.
    private func parseHead(_ buffer: ByteBuffer) -> Bool {
        while true {
            do throws(ResponseError) {
                guard try parser.parse(buffer.readable, into: &head, requestMethod: requestMethod) else {
                    keepPartial(buffer)
                    return false
                }
            } catch {
                fail(error.endsInLimit ? .headersTooLarge : .invalid)
                return false
            }
            parser.reset()
            if head.status >= 200 { break }
            interimCount += 1
            guard head.status != 101, interimCount <= Self.interimMax else {
                fail(.invalid)
                return false
            }
            receiver?.upstreamInterim(head, bytes: buffer.readable)
            guard state == .serving else { return false }
            buffer.consume(head.byteCount)
        }
        setDeadline(.distantFuture)
        switch head.framing {
        case .none, .length(0): progress = .body(remaining: 0)
        case .length(let count): progress = .body(remaining: count)
        case .chunked:
            decoder.reset()
            progress = .chunkedBody
        case .untilClose: progress = .bodyUntilClose
        }
        receiver?.upstreamHead(head, bytes: buffer.readable)
        guard state == .serving else { return false }
        buffer.consume(head.byteCount)
        return true
    }

    private func keepPartial(_ buffer: ByteBuffer) {
        guard buffer !== partialHead else { return }
        let kept = worker.buffers.take(atLeast: buffer.readableCount + 4096)
        kept.append(buffer.readable)
        partialHead = kept
    }

    private func deliver(_ bytes: Span<UInt8>) {
        switch progress {
        case .body(let remaining):
            let count = min(remaining, bytes.count)
            progress = .body(remaining: remaining - count)
            if count > 0 { receiver?.upstreamBody(bytes.extracting(0..<count)) }
            guard state == .serving else { return }
            if remaining == count { complete(hasExtraBytes: bytes.count > count, trailers: []) }
        case .chunkedBody:
            deliverChunks(bytes)
        case .bodyUntilClose:
            if !bytes.isEmpty { receiver?.upstreamBody(bytes) }
        case .awaitingHead, .ended: break
        }
    }

    private func deliverChunks(_ bytes: Span<UInt8>) {
        var offset = 0
        while state == .serving {
            let step: ChunkedDecoder.Step
            do throws(ChunkError) { step = try decoder.next(bytes, from: &offset) } catch { return fail(.truncated) }
            switch step {
            case .data(let range): receiver?.upstreamBody(bytes.extracting(range))
            case .needMore: return
            case .end(let consumed):
                return complete(hasExtraBytes: consumed < bytes.count, trailers: decoder.trailers)
            }
        }
    }

    private func ended() {
        switch progress {
        case .awaitingHead: fail(hasReceived ? .resetInHead : .resetBeforeResponse)
        case .body, .chunkedBody: fail(.truncated)
        case .bodyUntilClose:
            head.isKeepAlive = false
            complete(hasExtraBytes: false, trailers: [])
        case .ended: close()
        }
    }

    private func broken() {
        switch progress {
        case .awaitingHead: fail(hasReceived ? .resetInHead : .resetBeforeResponse)
        case .body, .chunkedBody, .bodyUntilClose, .ended: fail(.truncated)
        }
    }

    // MARK: Ends

    /// The response is whole. The connection goes back to the pool when nothing speaks against another request on it.
    private func complete(hasExtraBytes: Bool, trailers: [UInt8]) {
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
        guard pool.mayKeep(endpoint), !worker.isDraining else { return close() }
        state = .idle
        isReused = true
        setDeadline(worker.now.advanced(byNanoseconds: pool.idleTimeout))
        pool.checkIn(self)
    }

    private func fail(_ failure: UpstreamFailure) {
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
        timer.cancel(wheel: &worker.timers)
        output.discard(pool: worker.buffers)
        if let partialHead {
            worker.buffers.give(partialHead)
            self.partialHead = nil
        }
        if let heldBody {
            worker.buffers.give(heldBody)
            self.heldBody = nil
        }
        socket.close()
        worker.remove(self)
    }
}

import Bytes
import EventLoop
import HTTP
import TLS

// Reading the answer: heads, then the body in whatever framing they announce (RFC 9112 §6.3).
extension UpstreamConnection {
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

    func readable() {
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
            let outcome = transport.receive(into: buffer, atMost: room)
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
        readMax = isTaken ? min(readMax * 2, Worker.scratchByteCount) : max(readMax / 2, Self.readMin)
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
        if receiver?.looksAtHead == true { headBuffer = buffer }
        receiver?.upstreamHead(head, bytes: buffer.readable)
        headBuffer = nil
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
}

extension UpstreamConnection {
    /// Calls `body` with the head that the receiver is looking at; it is there only while it is told of it.
    func withHead(_ body: (borrowing ResponseHead, Span<UInt8>) -> Void) {
        guard let buffer = headBuffer else { return }
        body(head, buffer.readable)
    }
}

import Bytes
import EventLoop
import HTTP
import TLS

// The client's side of an exchange: responses onto the wire (RFC 9112 §4, §7.1).
extension ServerConnection: DownstreamStream {
    var peerPort: Int? { transport.socket.peerPort }

    func sendInterim(_ head: borrowing ResponseHead, bytes: Span<UInt8>) {
        write(head, bytes, framing: .none, closes: false, edits: worker.noEdits)
    }

    func sendHead(
        _ head: borrowing ResponseHead, bytes: Span<UInt8>, framing: BodyFraming, edits: HeaderEdits
    ) {
        exchange?.isHeadSent = true
        // An answer before the end of the request leaves the connection in a state that is not worth saving.
        if worker.isLeaving || listener.isRemoved || reader?.body.isComplete != true { closesAfterResponse = true }
        var wireFraming = framing
        isResponseChunked = false
        switch framing {
        case .none, .length: break
        case .chunked, .untilClose:
            if exchange?.request.minorVersion ?? 0 >= 1 {
                wireFraming = .chunked
                isResponseChunked = true
            } else {
                wireFraming = .untilClose
                closesAfterResponse = true
            }
        }
        write(head, bytes, framing: wireFraming, closes: closesAfterResponse, edits: edits)
    }

    private func write(
        _ head: borrowing ResponseHead, _ bytes: Span<UInt8>, framing: BodyFraming, closes: Bool,
        edits: HeaderEdits
    ) {
        guard state != .closed else { return }
        let room = output.reserve(ResponseWriter.byteCountMax(head, edits: edits), pool: worker.buffers)
        let date = worker.date
        let start = room.writeIndex
        ResponseWriter.write(
            head, bytes: bytes, framing: framing, clientMinorVersion: exchange?.request.minorVersion ?? 1,
            closes: closes, date: date.readable, edits: edits, into: room)
        exchange?.responseHeadCount += room.writeIndex - start
    }

    func sendBody(_ bytes: Span<UInt8>) {
        guard state != .closed, !bytes.isEmpty else { return }
        if isResponseChunked {
            let frame = output.reserve(20, pool: worker.buffers)
            frame.append(hex: bytes.count)
            frame.append("\r\n")
        }
        handle(output.write(bytes, to: transport, pool: worker.buffers, isBlocked: isBlocked))
        if isResponseChunked, state != .closed { output.reserve(2, pool: worker.buffers).append("\r\n") }
    }

    func endResponse(trailers: [UInt8]) {
        guard isResponseChunked, state != .closed else { return }
        let frame = output.reserve(trailers.count + 8, pool: worker.buffers)
        frame.append("0\r\n")
        frame.append(trailers)
        frame.append("\r\n")
    }

    func deadlineChanged() {
        if state == .serving { rearm() }
    }

    func closeAfterResponse() {
        closesAfterResponse = true
    }

    func abortResponse() {
        // What was queued still explains itself to a reader; what ends the connection is the reset.
        _ = output.flush(to: transport, pool: worker.buffers)
        abort()
    }

    func flushLast() {
        guard state != .closed, !output.isEmpty, !isBlocked else { return }
        switch output.flush(to: transport, pool: worker.buffers) {
        case .drained: break
        case .blocked: block()
        case .failed: isBroken = true
        }
    }

    func flush() {
        guard state != .closed, !output.isEmpty, !isBlocked else { return }
        handle(output.flush(to: transport, pool: worker.buffers))
    }

    private func handle(_ outcome: OutputQueue.Outcome) {
        switch outcome {
        case .drained: break
        case .blocked: block()
        case .failed: disconnect()
        }
    }

    /// Asks to be told when the socket takes bytes again; false when that failed and the connection is gone.
    @discardableResult
    func watchWrites() -> Bool {
        guard !isWriteWatched else { return true }
        isWriteWatched = true
        guard isRegistered else { return true }
        do throws(SystemError) {
            try worker.poller.modify(transport.descriptor, token: token, interest: [.read, .write])
            return true
        } catch {
            disconnect()
            return false
        }
    }

    private func block() {
        isBlocked = true
        guard watchWrites() else { return }
        if state == .serving, let exchange {
            setDeadline(worker.now.deadline(after: exchange.snapshot.timeouts.bodyIdle))
        }
    }

    /// The client takes bytes again.
    func writable() {
        isBlocked = false
        switch output.flush(to: transport, pool: worker.buffers) {
        case .blocked:
            isBlocked = true
            // Progress: the stall clock starts over.
            setDeadline(worker.now.deadline(after: worker.snapshot.timeouts.bodyIdle))
        case .failed: disconnect()
        case .drained:
            setDeadline(.distantFuture)
            if case .flushing(let closes) = state { settle(closes: closes) } else { exchange?.downstreamUnblocked() }
        }
    }
}

import Bytes
import HTTP
import Plugins
import Telemetry
import Upstream

/// A response head that outlives the connection's buffer, because a filter of its phase waits.
struct HeldResponse {
    var head: ResponseHead
    var bytes: ByteBuffer
}

// What the upstream's side tells the exchange.
extension Exchange {
    var holdsResponse: Bool { heldResponse != nil }

    /// Response bytes wait while the client's side is blocked, or a filter has not let the head pass.
    var canTakeResponse: Bool {
        guard heldResponse == nil else { return false }
        return downstream.map { !$0.isBlocked } ?? true
    }

    func upstreamInterim(_ head: borrowing ResponseHead, bytes: Span<UInt8>) {
        // HTTP/1.0 clients know no interim responses (RFC 9110 §15.2).
        guard request.minorVersion >= 1 else { return }
        downstream?.sendInterim(head, bytes: bytes)
        downstream?.flush()
    }

    func upstreamHead(_ head: borrowing ResponseHead, bytes: Span<UInt8>) {
        responseStatus = head.status
        observeTry(status: head.status)
        let filterCount = route?.filters?.count ?? 0
        machine.responseHeadReceived(filterCount: filterCount)
        if filterCount > 0, !runResponseFilters() {
            if case .filteringResponse = machine.phase { hold(head, bytes) }
            return
        }
        passHead(head, bytes)
    }

    /// Runs the response phases that are due, last filter first; false when one suspended or answered.
    func runResponseFilters() -> Bool {
        guard let chain = route?.filters else { return true }
        while case .filteringResponse(let next, _) = machine.phase, next >= 0 {
            switch chain.filters[next].onResponse(self) {
            case .proceed: machine.responseFilterPassed()
            case .respond(let response):
                dropUpstream()
                pendingAnswer = nil
                send(response)
                return false
            case .suspend: return false
            }
        }
        return true
    }

    private func hold(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>) {
        let kept = worker.buffers.take(atLeast: head.byteCount)
        kept.append(bytes.extracting(0..<head.byteCount))
        heldResponse = HeldResponse(head: copy head, bytes: kept)
    }

    /// A suspended response filter has let the head pass.
    func passHeldHead() {
        guard let held = heldResponse else { return }
        heldResponse = nil
        passHead(held.head, held.bytes.readable)
        worker.buffers.give(held.bytes)
        upstream?.resumeResponse()
    }

    private func passHead(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>) {
        machine.responseFiltersDone()
        // A stream of events may go on for days (HTML standard, "Server-sent events").
        if isEventStream(head, bytes) { deadline = .distantFuture }
        downstream?.sendHead(head, bytes: bytes, framing: head.framing, edits: responseEdits)
    }

    private func isEventStream(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>) -> Bool {
        guard head.framing == .chunked || head.framing == .untilClose, let type = head.field(.contentType) else {
            return false
        }
        let name: StaticString = "text/event-stream"
        let range = type.valueRange
        guard range.count >= name.utf8CodeUnitCount else { return false }
        return ASCII.hasPrefixIgnoringCase(bytes.extracting(range), name)
    }

    func upstreamBody(_ bytes: Span<UInt8>) {
        responseBodyCount += bytes.count
        downstream?.sendBody(bytes)
    }

    func upstreamEnded(trailers: [UInt8]) {
        upstream = nil
        downstream?.endResponse(trailers: trailers)
        finish(.ok)
    }

    func upstreamTurnEnded() {
        downstream?.flush()
        noteWork(until: worker.preciseNow)
    }

    func upstreamUnblocked() {
        guard !machine.isRequestEnded else { return }
        downstream?.resumeRequestBody()
        upstream?.flush()
    }

    func upstreamFailed(_ failure: UpstreamFailure) {
        let stale = upstream?.isReused == true && failure.isStaleConnection
        observeTry(status: 0)
        upstream = nil
        if machine.hasResponseBegun {
            downstream?.abortResponse()
            return finish(failure.endReason)
        }
        if stale, !hasRetried, request.method.isIdempotent, canReplayBody() {
            hasRetried = true
            pool?.retried(.stale)
            machine.retry(request: request.framing == .none ? .ended : .streaming)
            return openUpstream(mustBeFresh: true)
        }
        answer(Refusal(failure.endReason))
    }

    private func canReplayBody() -> Bool {
        if request.framing == .none { return true }
        guard downstream?.rewindRequestBody() == true else { return false }
        requestBodyCount = 0
        return true
    }

    /// One try is over as far as its response head is concerned.
    func observeTry(status: Int) {
        guard let stream = upstream, let pool, !isTryObserved else { return }
        isTryObserved = true
        // Within one turn the upstream had no time of its own.
        let waited = max(worker.now.nanoseconds(since: upstreamStartedAt), 0)
        upstreamNanoseconds += waited
        pool.observe(stream.endpoint, status: status, nanoseconds: waited)
    }
}

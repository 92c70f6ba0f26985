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
    var looksAtHead: Bool { responseFilterCount > 0 }
    var holdsResponse: Bool { heldResponse != nil && !isCollectingResponse }

    /// Response bytes wait while the client's side is blocked, or a filter has not let the head pass.
    var canTakeResponse: Bool {
        guard heldResponse == nil else { return isCollectingResponse }
        if pipeline(.response)?.isBusy == true { return false }
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
        let filterCount = responseFilterCount
        machine.responseHeadReceived(filterCount: filterCount)
        if filterCount > 0, !runResponseFilters() {
            if pendingAnswer == nil, case .filteringResponse = machine.phase { hold(head, bytes) }
            return
        }
        if pendingAnswer != nil { return finishPendingAnswer() }
        passHead(head, bytes)
    }

    /// Runs the response phases that are due, last filter first; false when one suspended or answered.
    func runResponseFilters() -> Bool {
        guard let chain else { return true }
        while case .filteringResponse(let next, _) = machine.phase, next >= 0 {
            switch chain.filters[next].onResponse(self) {
            case .proceed: machine.responseFilterPassed()
            case .respond(let response): replaceResponse(by: response)
            case .suspend: return false
            }
        }
        if usedWork?.response.collection == .tooLarge, pendingAnswer == nil {
            // A filter that reads bodies whole did not see this one: it does not pass unseen.
            fail(.upstreamBodyTooLarge)
            return false
        }
        return true
    }

    /// A filter's answer takes the place of the upstream's; the filters before it in the list see it next.
    func replaceResponse(by response: LocalResponse) {
        observeTry(status: 0)
        dropUpstream()
        if let held = heldResponse {
            heldResponse = nil
            worker.buffers.give(held.bytes)
        }
        work?.response.reset()
        work?.status = nil
        responseStatus = response.status
        pendingAnswer = response
        machine.responseFilterPassed()
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
        let serial = serial
        passHead(held.head, held.bytes.readable)
        worker.buffers.give(held.bytes)
        guard self.serial == serial else { return }
        upstream?.resumeResponse()
        downstream?.flush()
    }

    private func passHead(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>) {
        machine.responseFiltersDone()
        // A stream of events may go on for days (HTML standard, "Server-sent events").
        if isEventStream(head, bytes) { deadline = .distantFuture }
        if chain?.streamsResponse == true, head.framing != .none { openPipeline(.response) }
        guard let work, work.isMoreUsed else {
            downstream?.sendHead(head, bytes: bytes, framing: head.framing, edits: responseEdits)
            return
        }
        passChangedHead(head, bytes, work)
    }

    /// The head as filters have made it, and with it what they have of the body.
    private func passChangedHead(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>, _ work: FilterWork) {
        var sent = copy head
        if let status = work.status, status != head.status {
            sent.status = status
            sent.reasonRange = 0..<0
        }
        let hasNoBody = request.method == .head || sent.status == 204 || sent.status == 304
        let whole = work.response.whole
        let pipeline = work.response.pipeline
        var framing = head.framing
        if hasNoBody {
            framing = .none
        } else if pipeline != nil {
            framing = .chunked
        } else if let whole {
            framing = .length(whole.count)
        } else if framing == .none {
            // The upstream had no body to send, but the status promises one.
            framing = .length(0)
        }
        downstream?.sendHead(sent, bytes: bytes, framing: framing, edits: responseEdits)
        guard whole != nil || hasNoBody && head.framing != .none else { return }
        // What the upstream still has to say is of no use.
        dropUpstream()
        if !hasNoBody, let whole {
            if let pipeline { return pipeline.push(whole, isLast: true) }
            responseBodyCount += whole.count
            downstream?.sendBody(whole.span)
        }
        guard !machine.isFinished else { return }
        downstream?.endResponse(trailers: hasNoBody ? [] : work.response.trailers)
        finish(.ok)
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
        if usedWork != nil {
            if collect(.response, bytes) { return }
            if let pipeline = pipeline(.response) { return pipeline.push(Array(copying: bytes), isLast: false) }
        }
        responseBodyCount += bytes.count
        downstream?.sendBody(bytes)
    }

    func upstreamEnded(trailers: [UInt8]) {
        upstream = nil
        if usedWork != nil {
            if endCollecting(.response, trailers: trailers) { return }
            if let pipeline = pipeline(.response) {
                work?.response.trailers = trailers
                return pipeline.push([], isLast: true)
            }
        }
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
            machine.retry(request: requestHalf)
            return openUpstream(mustBeFresh: true)
        }
        answer(Refusal(failure.endReason))
    }

    private func canReplayBody() -> Bool {
        if let body = usedWork?.request {
            if body.pipeline != nil { return false }
            if body.whole != nil { return true }
        }
        if !hasRequestBody { return true }
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

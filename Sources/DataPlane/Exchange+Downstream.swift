import Bytes
import HTTP
import Plugins
import Telemetry

// What the client's side tells the exchange.
extension Exchange {
    /// Whether request body bytes have somewhere to go.
    var canTakeRequestBody: Bool {
        if let body = usedWork?.request {
            if body.collection == .running { return true }
            if body.pipeline?.isBusy == true { return false }
        }
        guard let upstream else { return false }
        return !upstream.isBlocked
    }

    func requestBody(_ bytes: Span<UInt8>) {
        requestBodyCount += bytes.count
        guard requestBodyCount <= bodyLimit else { return fail(.bodyTooLarge) }
        if usedWork != nil {
            if collect(.request, bytes) { return }
            if let pipeline = pipeline(.request) { return pipeline.push(Array(copying: bytes), isLast: false) }
        }
        upstream?.sendBody(bytes, isChunked: request.framing == .chunked)
        mirror?.requestBody(bytes, isChunked: request.framing == .chunked)
    }

    /// More is coming for certain: a chunk past the limit is refused before it is read.
    func requestBodyAnnounced(_ byteCount: Int) {
        if byteCount > bodyLimit - requestBodyCount { fail(.bodyTooLarge) }
    }

    func requestBodyEnded(trailers: [UInt8]) {
        if usedWork != nil {
            if endCollecting(.request, trailers: trailers) { return }
            if let pipeline = pipeline(.request) {
                work?.request.trailers = trailers
                return pipeline.push([], isLast: true)
            }
        }
        machine.requestBodyEnded()
        upstream?.endRequest(isChunked: request.framing == .chunked, trailers: trailers)
        mirror?.requestEnded(isChunked: request.framing == .chunked)
    }

    func requestTurnEnded() {
        upstream?.flush()
        noteWork(until: worker.preciseNow)
    }

    /// The client's framing broke: nothing of this connection can be trusted any more.
    func requestBodyInvalid() {
        fail(.badRequest)
    }

    /// No byte of the body came for `body_idle`.
    func requestBodyTimedOut() {
        fail(.bodyTimeout)
    }

    /// `timeouts.request` is over.
    func deadlinePassed() {
        fail(.deadlineExceeded)
    }

    /// The client has closed; nobody is left to answer.
    func downstreamGone() {
        downstream = nil
        finish(.clientGone)
    }

    /// The client did not take response bytes for `body_idle`.
    func responseStalled() {
        downstream?.abortResponse()
        finish(.clientStalled)
    }

    func downstreamUnblocked() {
        upstream?.resumeResponse()
    }

    /// Ends the exchange with an error: as an answer while that is possible, else by breaking the response.
    func fail(_ reason: EndReason) {
        guard !machine.isFinished else { return }
        if machine.hasResponseBegun {
            downstream?.abortResponse()
            finish(reason)
        } else {
            observeTry(status: 0)
            dropUpstream()
            answer(Refusal(reason))
        }
    }

    /// Closes the try at an upstream, if there is one.
    func dropUpstream() {
        guard let stream = upstream else { return }
        upstream = nil
        stream.cancel()
    }
}

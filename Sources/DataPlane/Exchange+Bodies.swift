import Bytes
import HTTP
import Plugins
import Telemetry

// Bodies that filters take part in: whole ones, and chunks on their way.
extension Exchange {
    /// The work of filters, made when it is needed first.
    func ensureWork() -> FilterWork {
        if let work {
            work.isUsed = true
            return work
        }
        let made = FilterWork()
        made.isUsed = true
        work = made
        return made
    }

    /// The same, about to be changed in more than variables and states.
    func ensureMoreWork() -> FilterWork {
        let work = ensureWork()
        work.isMoreUsed = true
        return work
    }

    /// The same where there is more in it than variables and states.
    var usedWork: FilterWork? {
        guard let work, work.isMoreUsed else { return nil }
        return work
    }

    // MARK: Whole bodies

    func collectBody(_ side: MessageSide, limit: Int, _ waiter: any BodyWaiter) -> BodyCollection {
        let body = ensureMoreWork().body(side)
        if body.whole != nil { return .ready }
        switch body.collection {
        case .whole: return .ready
        case .tooLarge: return .tooLarge
        case .running, .no: break
        }
        switch (side, machine.phase) {
        case (.request, .filteringRequest):
            if !hasRequestBody { return .ready }
            if case .length(let count) = request.framing, count > limit {
                body.giveUp()
                return .tooLarge
            }
        case (.response, .filteringResponse):
            if pendingAnswer != nil { return .ready }
            var count = 0
            withResponseHead { head, _ in
                switch head.framing {
                case .none: count = -1
                case .length(let length): count = length
                case .chunked, .untilClose: break
                }
            }
            if count < 0 { return .ready }
            if count > limit {
                body.giveUp()
                return .tooLarge
            }
        default: return .refused(.alreadyPassed)
        }
        body.waiter = waiter
        body.limit = limit
        guard body.collection == .no else { return .pending }
        body.collection = .running
        let serial = serial
        // Not within the call of a filter: what is read may end the exchange.
        worker.later { [self] in
            guard self.serial == serial, body.collection == .running else { return }
            startCollecting(side)
        }
        return .pending
    }

    private func startCollecting(_ side: MessageSide) {
        switch side {
        case .request:
            if request.expectsContinue { sendContinue() }
            downstream?.resumeRequestBody()
        case .response: upstream?.resumeResponse()
        }
    }

    /// The client waits to be told that its body is wanted (RFC 9110 §10.1.1); the upstream is not asked.
    private func sendContinue() {
        request.expectsContinue = false
        requestEdits.remove(Array("expect".utf8))
        let bytes: [UInt8] = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
        var parser = ResponseParser(limits: UpstreamPool.responseLimits)
        guard (try? parser.parse(bytes.span, into: &worker.localHead, requestMethod: request.method)) == true else {
            return
        }
        downstream?.sendInterim(worker.localHead, bytes: bytes.span)
        downstream?.flush()
    }

    func withCollectedBody(_ side: MessageSide, _ body: (Span<UInt8>) -> Void) {
        if let whole = usedWork?.body(side).whole { return body(whole.span) }
        if side == .response, let pendingAnswer { return body(pendingAnswer.body.span) }
        body(Span())
    }

    func replaceBody(_ side: MessageSide, by bytes: [UInt8]) -> StaticString? {
        switch (side, machine.phase) {
        case (.request, .filteringRequest):
            guard !hasRequestBody || usedWork?.request.whole != nil else {
                return "read the body with req:body() before it is replaced"
            }
            ensureMoreWork().request.replace(by: bytes)
            return nil
        case (.response, .filteringResponse):
            if pendingAnswer != nil {
                pendingAnswer?.body = bytes
            } else {
                ensureMoreWork().response.replace(by: bytes)
            }
            responseEdits.remove(Array("content-encoding".utf8))
            return nil
        default: return "the body has passed already"
        }
    }

    /// Takes a piece into memory; true when it was for a filter that waits for the whole.
    func collect(_ side: MessageSide, _ bytes: Span<UInt8>) -> Bool {
        guard let body = usedWork?.body(side) else { return false }
        switch body.collection {
        case .no, .whole: return false
        case .tooLarge: return true
        case .running:
            if body.collectedCount + bytes.count > body.limit {
                body.giveUp()
                tellWaiter(body, side)
            } else {
                body.append(bytes)
            }
            return true
        }
    }

    /// The end has come; true when a filter waited for it, or had to give up on it.
    func endCollecting(_ side: MessageSide, trailers: [UInt8]) -> Bool {
        guard let body = usedWork?.body(side) else { return false }
        // The end of a body that turned out too large may come while its filter is still about to be told.
        if body.collection == .tooLarge { return true }
        guard body.collection == .running else { return false }
        body.collection = .whole
        body.trailers = trailers
        tellWaiter(body, side)
        return true
    }

    private func tellWaiter(_ body: BodyWork, _ side: MessageSide) {
        let waiter = body.waiter
        body.waiter = nil
        waiter?.bodyCollected(side)
    }

    var isCollectingResponse: Bool { usedWork?.response.collection == .running }

    // MARK: Chunks

    /// Lets the filters in that take part in the body of this side.
    func openPipeline(_ side: MessageSide) {
        guard let chain, side == .request ? chain.streamsRequest : chain.streamsResponse else { return }
        var filters = chain.filters.filter { $0.takesBody(side, of: self) }
        guard !filters.isEmpty else { return }
        if side == .response { filters.reverse() }
        ensureMoreWork().body(side).pipeline = BodyPipeline(side, filters, of: self)
    }

    func pipeline(_ side: MessageSide) -> BodyPipeline? { usedWork?.body(side).pipeline }

    func holds(_ pipeline: BodyPipeline, _ side: MessageSide) -> Bool { self.pipeline(side) === pipeline }

    func resumeBody(_ side: MessageSide, with verdict: BodyVerdict) {
        pipeline(side)?.resume(with: verdict)
    }

    func failBody(_ reason: EndReason) {
        fail(reason)
    }

    /// A chunk has passed all filters.
    func emit(_ side: MessageSide, _ bytes: [UInt8], isLast: Bool) {
        switch side {
        case .request:
            upstream?.sendBody(bytes.span, isChunked: true)
            mirror?.requestBody(bytes.span, isChunked: true)
            guard isLast, !machine.isFinished, !machine.isRequestEnded else { return }
            machine.requestBodyEnded()
            upstream?.endRequest(isChunked: true, trailers: usedWork?.request.trailers ?? [])
            mirror?.requestEnded(isChunked: true)
        case .response:
            if var answer = pendingAnswer {
                work?.response.output += bytes
                guard isLast else { return }
                answer.body = work?.response.output ?? []
                pendingAnswer = answer
                return sendPendingAnswer()
            }
            responseBodyCount += bytes.count
            downstream?.sendBody(bytes.span)
            guard isLast, !machine.isFinished else { return }
            downstream?.endResponse(trailers: usedWork?.response.trailers ?? [])
            finish(.ok)
        }
    }

    /// Nothing waits any more: the side that the chunks come from may be read again.
    func bodyMayGoOn(_ side: MessageSide) {
        switch side {
        case .request:
            upstream?.flush()
            if !machine.isFinished, !machine.isRequestEnded { downstream?.resumeRequestBody() }
        case .response:
            upstream?.resumeResponse()
            downstream?.flush()
        }
    }
}

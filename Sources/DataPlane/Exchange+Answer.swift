import Bytes
import HTTP
import Plugins
import Routing
import Telemetry

// Answers that the gateway makes itself. Each is written as a response head and then takes the way of any other
// response, so that framing, HEAD, edits and connection handling exist once.
extension Exchange {
    /// Ends the exchange with the problem document of a refusal.
    func answer(_ refusal: Refusal) {
        if refusal.reason == .ok {
            let headers = [HeaderPair(name: Array("allow".utf8), value: refusal.allow)]
            return send(LocalResponse(status: 204, reason: .ok, headers: headers))
        }
        var headers: [HeaderPair] = []
        if !refusal.allow.isEmpty { headers.append(HeaderPair(name: Array("allow".utf8), value: refusal.allow)) }
        send(LocalResponse(status: refusal.reason.status, reason: refusal.reason, headers: headers))
    }

    /// The answer of a route's own action: response filters apply to it as to an upstream's.
    func answerThroughFilters(_ response: LocalResponse) {
        pass(response, through: chain?.count ?? 0)
    }

    /// A filter answers in place of the upstream: the filters before it see that as a response.
    func answerInstead(_ response: LocalResponse) {
        guard case .filteringRequest(let next) = machine.phase else { return send(response) }
        pass(response, through: next)
    }

    private func pass(_ response: LocalResponse, through filterCount: Int) {
        responseStatus = response.status
        pendingAnswer = response
        machine.localResponseReady(filterCount: filterCount, request: requestHalf)
        if runResponseFilters() { finishPendingAnswer() }
    }

    /// Response filters have let the answer pass: those that see chunks get it as one.
    func finishPendingAnswer() {
        guard let answer = pendingAnswer else { return }
        if chain?.streamsResponse == true, !answer.body.isEmpty {
            openPipeline(.response)
            if let pipeline = pipeline(.response) { return pipeline.push(answer.body, isLast: true) }
        }
        sendPendingAnswer()
    }

    func sendPendingAnswer() {
        guard let response = pendingAnswer else { return }
        pendingAnswer = nil
        send(response)
    }

    func redirect(_ status: Int, _ template: LocationTemplate) {
        var location: [UInt8] = []
        let buffer = requestBytes
        let bytes = buffer.written
        let query = bytes.extracting(request.queryRange ?? 0..<0)
        let authority = bytes.extracting(request.authorityRange)
        let scheme = scheme
        if isPathChanged {
            let path = changedPath
            template.write(
                scheme: scheme.span, host: authority, path: path.span, query: query, captures: captures,
                into: &location)
        } else {
            template.write(
                scheme: scheme.span, host: authority, path: bytes.extracting(request.pathRange), query: query,
                captures: captures, into: &location)
        }
        let headers = [HeaderPair(name: Array("location".utf8), value: location)]
        answerThroughFilters(LocalResponse(status: status, reason: .ok, headers: headers))
    }

    /// Sends `response` whole and finishes. An error without a body gets its problem document.
    func send(_ response: LocalResponse) {
        machine.answerBegan()
        responseStatus = response.status
        let body = makeBody(response)
        let fieldsCount = response.headers.reduce(0) { $0 + $1.name.count + $1.value.count + 4 }
        let head = worker.buffers.take(atLeast: fieldsCount + 1024)
        write(response, bodyCount: body.readableCount, into: head)
        do throws(ResponseError) {
            var parser = ResponseParser(limits: UpstreamPool.responseLimits)
            let isWhole = try parser.parse(head.readable, into: &worker.localHead, requestMethod: request.method)
            precondition(isWhole, "a head of our own is incomplete")
        } catch {
            // Header values of filters are checked where they are made, so this is a bug; the client gets an end.
            preconditionFailure("a head of our own does not parse: \(error)")
        }
        downstream?.sendHead(
            worker.localHead, bytes: head.readable, framing: worker.localHead.framing, edits: responseEdits)
        if worker.localHead.framing != .none {
            responseBodyCount = body.readableCount
            downstream?.sendBody(body.readable)
        }
        downstream?.endResponse(trailers: [])
        worker.buffers.give(head)
        worker.buffers.give(body)
        finish(response.reason)
    }

    private func makeBody(_ response: LocalResponse) -> ByteBuffer {
        let isProblem = response.isProblem
        let body = worker.buffers.take(atLeast: max(response.body.count, ProblemDocument.byteCountMax))
        if isProblem {
            let id = requestID
            ProblemDocument.write(response.reason, status: response.status, requestID: id.readable, into: body)
        } else {
            body.append(response.body)
        }
        return body
    }

    private func write(_ response: LocalResponse, bodyCount: Int, into head: ByteBuffer) {
        head.append("HTTP/1.1 ")
        head.append(decimal: response.status)
        head.append(" ")
        head.append(StatusPhrase.phrase(for: response.status))
        head.append("\r\n")
        if response.isProblem {
            head.append("content-type: ")
            head.append(ProblemDocument.contentType)
            head.append("\r\n")
        } else if let type = response.contentType {
            head.append("content-type: ")
            head.append(type)
            head.append("\r\n")
        }
        if response.status != 204, response.status != 304 {
            head.append("content-length: ")
            head.append(decimal: bodyCount)
            head.append("\r\n")
        }
        head.append("x-request-id: ")
        let id = requestID
        head.append(id.readable)
        head.append("\r\n")
        for pair in response.headers {
            head.append(pair.name)
            head.append(": ")
            head.append(pair.value)
            head.append("\r\n")
        }
        head.append("\r\n")
    }
}

extension LocalResponse {
    /// An error without a body of its own gets a problem document; a filter that answers says all there is to say.
    fileprivate var isProblem: Bool {
        body.isEmpty && status >= 400 && reason != .ok && reason != .filterResponded
    }
}

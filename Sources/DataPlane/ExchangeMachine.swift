/// The life of one request and its response as one explicit state machine.
///
/// The machine owns the order of things: what may follow what. It does no I/O and holds no bytes; `Exchange` drives it
/// and carries out what each step means. A call that does not fit the phase is a bug of ours and traps; what peers do
/// out of order is turned into an end by the driver before it gets here.
struct ExchangeMachine: ~Copyable {
    /// One direction of the request.
    enum RequestHalf: Equatable { case streaming, ended }
    enum ResponseHalf: Equatable { case awaitingHead, streaming }

    enum Phase: Equatable {
        /// The head is being read.
        case receiving
        /// The request phase of filter `next` is due, or waits for its `resume`.
        case filteringRequest(next: Int)
        /// Filters have passed; an endpoint is being chosen, or chosen again.
        case choosing(request: RequestHalf)
        /// Both directions move on their own.
        case relaying(request: RequestHalf, response: ResponseHalf)
        /// The response phase of filter `next` is due, or waits.
        case filteringResponse(next: Int, request: RequestHalf)
        /// The gateway's own answer is on its way.
        case answering(request: RequestHalf)
        case finished
    }

    private(set) var phase = Phase.receiving

    /// Whether bytes of a final response have been handed to the client's side.
    var hasResponseBegun: Bool {
        switch phase {
        case .relaying(_, .streaming), .answering, .finished: true
        case .receiving, .filteringRequest, .choosing, .relaying(_, .awaitingHead), .filteringResponse: false
        }
    }

    var isRequestEnded: Bool {
        switch phase {
        case .receiving, .filteringRequest: false
        case .choosing(let request), .relaying(let request, _), .filteringResponse(_, let request),
            .answering(let request):
            request == .ended
        case .finished: true
        }
    }

    var isFinished: Bool { phase == .finished }

    mutating func headReceived() {
        guard phase == .receiving else { illegal("a head arrived") }
        phase = .filteringRequest(next: 0)
    }

    /// Filter `index` has let the request pass.
    mutating func requestFilterPassed() {
        guard case .filteringRequest(let next) = phase else { illegal("a request filter passed") }
        phase = .filteringRequest(next: next + 1)
    }

    mutating func requestFiltersDone(request: RequestHalf) {
        guard case .filteringRequest = phase else { illegal("request filters were done") }
        phase = .choosing(request: request)
    }

    mutating func upstreamOpened() {
        guard case .choosing(let request) = phase else { illegal("an upstream was opened") }
        phase = .relaying(request: request, response: .awaitingHead)
    }

    mutating func requestBodyEnded() {
        switch phase {
        case .choosing(.streaming): phase = .choosing(request: .ended)
        case .relaying(.streaming, let response): phase = .relaying(request: .ended, response: response)
        case .filteringResponse(let next, .streaming): phase = .filteringResponse(next: next, request: .ended)
        case .answering(.streaming): phase = .answering(request: .ended)
        case .receiving, .filteringRequest, .choosing(.ended), .relaying(.ended, _), .filteringResponse(_, .ended),
            .answering(.ended), .finished:
            illegal("the request body ended")
        }
    }

    /// The try failed before a response; the next one starts with the request body at `request`.
    mutating func retry(request: RequestHalf) {
        guard case .relaying(_, .awaitingHead) = phase else { illegal("a retry began") }
        phase = .choosing(request: request)
    }

    /// The final response head is known; `filterCount` filters get to see it, last one first.
    mutating func responseHeadReceived(filterCount: Int) {
        guard case .relaying(let request, .awaitingHead) = phase else { illegal("a response head arrived") }
        phase = .filteringResponse(next: filterCount - 1, request: request)
    }

    /// The route or a filter answers by itself; the answer passes the response filters like any other, those of
    /// filters that did not see the request left out.
    mutating func localResponseReady(filterCount: Int, request: RequestHalf) {
        switch phase {
        case .choosing(let half): phase = .filteringResponse(next: filterCount - 1, request: half)
        case .filteringRequest: phase = .filteringResponse(next: filterCount - 1, request: request)
        default: illegal("an answer was ready")
        }
    }

    mutating func responseFilterPassed() {
        guard case .filteringResponse(let next, let request) = phase else { illegal("a response filter passed") }
        phase = .filteringResponse(next: next - 1, request: request)
    }

    mutating func responseFiltersDone() {
        guard case .filteringResponse(_, let request) = phase else { illegal("response filters were done") }
        phase = .relaying(request: request, response: .streaming)
    }

    /// The gateway answers by itself; allowed until bytes of another response have left.
    mutating func answerBegan() {
        guard !hasResponseBegun else { illegal("an answer began") }
        phase = .answering(request: isRequestEnded ? .ended : .streaming)
    }

    mutating func finish() {
        guard phase != .finished else { illegal("an exchange finished") }
        phase = .finished
    }

    /// Makes the machine ready for the next request.
    mutating func reset() {
        phase = .receiving
    }

    private func illegal(_ input: StaticString) -> Never {
        preconditionFailure("\(input) in phase \(phase)")
    }
}

import Testing

@testable import DataPlane

/// Calls that do not fit a phase trap; what is tested here is where the legal ones lead.
@Suite struct ExchangeMachineTests {
    enum Input: Sendable {
        case head, requestFilter, requestDone(ExchangeMachine.RequestHalf), open, bodyEnd
        case retry(ExchangeMachine.RequestHalf), response(filters: Int), local(filters: Int)
        case responseFilter, responseDone, answer, finish
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var inputs: [Input]
        var phase: ExchangeMachine.Phase
        var hasResponseBegun = false
        var isRequestEnded = false
        var testDescription: String { name }
    }

    static let get: [Input] = [.head, .requestDone(.ended), .open]
    static let post: [Input] = [.head, .requestDone(.streaming), .open]

    static let requestRows: [Row] = [
        Row(name: "nothing yet", inputs: [], phase: .receiving),
        Row(name: "head", inputs: [.head], phase: .filteringRequest(next: 0)),
        Row(
            name: "two request filters", inputs: [.head, .requestFilter, .requestFilter],
            phase: .filteringRequest(next: 2)),
        Row(
            name: "filters done, no body", inputs: [.head, .requestFilter, .requestDone(.ended)],
            phase: .choosing(request: .ended), isRequestEnded: true),
        Row(
            name: "filters done, body", inputs: [.head, .requestDone(.streaming)],
            phase: .choosing(request: .streaming)),
        Row(
            name: "the body ends before there is an upstream", inputs: [.head, .requestDone(.streaming), .bodyEnd],
            phase: .choosing(request: .ended), isRequestEnded: true),
        Row(
            name: "opened", inputs: get, phase: .relaying(request: .ended, response: .awaitingHead),
            isRequestEnded: true),
        Row(name: "opened with body", inputs: post, phase: .relaying(request: .streaming, response: .awaitingHead)),
        Row(
            name: "the body ends while relaying", inputs: post + [.bodyEnd],
            phase: .relaying(request: .ended, response: .awaitingHead), isRequestEnded: true),
        Row(
            name: "retry", inputs: get + [.retry(.ended)], phase: .choosing(request: .ended), isRequestEnded: true),
        Row(
            name: "retry starts the body over", inputs: post + [.bodyEnd, .retry(.streaming)],
            phase: .choosing(request: .streaming)),
        Row(
            name: "second try", inputs: post + [.bodyEnd, .retry(.streaming), .open, .bodyEnd],
            phase: .relaying(request: .ended, response: .awaitingHead), isRequestEnded: true),
    ]

    static let responseRows: [Row] = [
        Row(
            name: "response without filters", inputs: get + [.response(filters: 0)],
            phase: .filteringResponse(next: -1, request: .ended), isRequestEnded: true),
        Row(
            name: "response filters run in reverse", inputs: get + [.response(filters: 3), .responseFilter],
            phase: .filteringResponse(next: 1, request: .ended), isRequestEnded: true),
        Row(
            name: "the body ends while a response filter waits", inputs: post + [.response(filters: 1), .bodyEnd],
            phase: .filteringResponse(next: 0, request: .ended), isRequestEnded: true),
        Row(
            name: "response passed", inputs: get + [.response(filters: 1), .responseFilter, .responseDone],
            phase: .relaying(request: .ended, response: .streaming), hasResponseBegun: true, isRequestEnded: true),
        Row(
            name: "response before the request's end", inputs: post + [.response(filters: 0), .responseDone],
            phase: .relaying(request: .streaming, response: .streaming), hasResponseBegun: true),
        Row(
            name: "the request ends behind the response head",
            inputs: post + [.response(filters: 0), .responseDone, .bodyEnd],
            phase: .relaying(request: .ended, response: .streaming), hasResponseBegun: true, isRequestEnded: true),
        Row(
            name: "relayed to its end", inputs: get + [.response(filters: 0), .responseDone, .finish],
            phase: .finished, hasResponseBegun: true, isRequestEnded: true),
    ]

    static let answerRows: [Row] = [
        Row(
            name: "refused head", inputs: [.answer], phase: .answering(request: .streaming), hasResponseBegun: true),
        Row(
            name: "no route", inputs: [.head, .answer], phase: .answering(request: .streaming), hasResponseBegun: true),
        Row(
            name: "a request filter answers", inputs: [.head, .requestFilter, .answer],
            phase: .answering(request: .streaming), hasResponseBegun: true),
        Row(
            name: "no endpoint", inputs: [.head, .requestDone(.ended), .answer], phase: .answering(request: .ended),
            hasResponseBegun: true, isRequestEnded: true),
        Row(
            name: "the upstream failed", inputs: post + [.answer], phase: .answering(request: .streaming),
            hasResponseBegun: true),
        Row(
            name: "the body ends behind an answer", inputs: post + [.answer, .bodyEnd],
            phase: .answering(request: .ended), hasResponseBegun: true, isRequestEnded: true),
        Row(
            name: "the route answers", inputs: [.head, .requestDone(.ended), .local(filters: 2)],
            phase: .filteringResponse(next: 1, request: .ended), isRequestEnded: true),
        Row(
            name: "the route's answer passed its filters",
            inputs: [.head, .requestDone(.streaming), .local(filters: 1), .responseFilter, .answer],
            phase: .answering(request: .streaming), hasResponseBegun: true),
        Row(
            name: "a response filter answers instead", inputs: get + [.response(filters: 2), .answer],
            phase: .answering(request: .ended), hasResponseBegun: true, isRequestEnded: true),
        Row(
            name: "answered", inputs: [.head, .answer, .finish], phase: .finished, hasResponseBegun: true,
            isRequestEnded: true),
    ]

    private func feed(_ inputs: [Input], to machine: inout ExchangeMachine) {
        for input in inputs {
            switch input {
            case .head: machine.headReceived()
            case .requestFilter: machine.requestFilterPassed()
            case .requestDone(let request): machine.requestFiltersDone(request: request)
            case .open: machine.upstreamOpened()
            case .bodyEnd: machine.requestBodyEnded()
            case .retry(let request): machine.retry(request: request)
            case .response(let filters): machine.responseHeadReceived(filterCount: filters)
            case .local(let filters): machine.localResponseReady(filterCount: filters, request: .ended)
            case .responseFilter: machine.responseFilterPassed()
            case .responseDone: machine.responseFiltersDone()
            case .answer: machine.answerBegan()
            case .finish: machine.finish()
            }
        }
    }

    @Test(arguments: requestRows + responseRows + answerRows) func leadsTo(_ row: Row) {
        var machine = ExchangeMachine()
        feed(row.inputs, to: &machine)
        let (phase, begun, ended) = (machine.phase, machine.hasResponseBegun, machine.isRequestEnded)
        #expect(phase == row.phase)
        #expect(begun == row.hasResponseBegun)
        #expect(ended == row.isRequestEnded)
        #expect(machine.isFinished == (row.phase == .finished))
    }

    /// Whatever happened, an exchange can end, once, and its machine serves the next request.
    @Test(arguments: requestRows + responseRows + answerRows) func endsFromEverywhere(_ row: Row) {
        var machine = ExchangeMachine()
        feed(row.inputs, to: &machine)
        if row.phase != .finished { machine.finish() }
        let isFinished = machine.isFinished
        #expect(isFinished)
        machine.reset()
        feed(Self.get, to: &machine)
        let phase = machine.phase
        #expect(phase == .relaying(request: .ended, response: .awaitingHead))
    }
}

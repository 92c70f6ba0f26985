import Bytes
import Config
import HTTP
import Telemetry

@testable import Plugins

/// An exchange that is nothing but what a filter sees of it.
final class FakeFilterExchange: FilterExchange {
    var now = Instant(nanoseconds: 0)
    var method = Method.get
    var requestFraming = BodyFraming.none
    var requestHead = RequestHead()
    var requestBytes = ByteBuffer(capacity: 4096)
    var clientAddress = IPAddress.loopback
    var responseStatus = 0
    var identity: ClientIdentity?
    private(set) var authDecision: AuthDecision?
    let requestEdits = HeaderEdits()
    let responseEdits = HeaderEdits()
    /// Every limit that was asked for, in order.
    private(set) var bodyLimits: [Int] = []
    private(set) var resumptions: [FilterVerdict] = []

    let fakeHost: FakeFilterHost
    let variables = ExchangeVariables()
    private var states: [Int: AnyObject] = [:]
    var texts: [ExchangeText: [UInt8]] = [
        .method: Array("GET".utf8), .path: Array("/a".utf8), .query: Array("user=ada".utf8),
        .host: Array("test.example".utf8), .route: Array("test".utf8), .requestID: Array("1".utf8),
    ]
    var fields: [MessageSide: [(name: [UInt8], value: [UInt8])]] = [:]
    var bodies: [MessageSide: [UInt8]] = [:]
    private(set) var bodyVerdicts: [BodyVerdict] = []
    private(set) var failures: [EndReason] = []

    init(host: FakeFilterHost = FakeFilterHost()) {
        fakeHost = host
    }

    func requestField(_ known: KnownHeader) -> HeaderField? { requestHead.field(known) }
    func soleRequestField(_ known: KnownHeader) -> SoleField {
        RequestHead.sole(known, in: requestHead.fields, set: requestHead.knownHeaders)
    }
    func authenticated(_ decision: AuthDecision, as identity: ClientIdentity?) {
        authDecision = decision
        if let identity { self.identity = identity }
    }

    func limitRequestBody(to byteCount: Int) { bodyLimits.append(byteCount) }
    func resume(with verdict: FilterVerdict) { resumptions.append(verdict) }

    var host: any FilterHost { fakeHost }
    func state(of slot: Int) -> AnyObject? { states[slot] }
    func setState(of slot: Int, _ state: AnyObject?) { states[slot] = state }

    func withText(_ text: ExchangeText, _ body: (Span<UInt8>) -> Void) {
        guard let bytes = texts[text] else { return }
        body(bytes.span)
    }

    func number(_ number: ExchangeNumber) -> Double { number == .status ? Double(responseStatus) : .nan }

    func change(_ target: ExchangeChange, to value: Span<UInt8>) -> StaticString? {
        for index in value.indices where value[index] <= 0x20 || value[index] == 0x7F {
            return "not a text of a request"
        }
        if value.count > 8192 { return "too long" }
        switch target {
        case .path: texts[.path] = Array(copying: value)
        case .query: texts[.query] = Array(copying: value)
        case .method: texts[.method] = Array(copying: value)
        case .host: texts[.host] = Array(copying: value)
        default: break
        }
        return nil
    }

    func change(_ target: ExchangeNumberChange, to value: Double) -> StaticString? {
        if target == .status { responseStatus = Int(value) }
        return nil
    }

    func mayEdit(_ side: MessageSide) -> Bool { true }
    func reroute() -> Bool { false }

    private func edits(_ side: MessageSide) -> HeaderEdits { side == .request ? requestEdits : responseEdits }

    func withField(_ side: MessageSide, _ name: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
        if edits(side).withFirst(name, [], known: 0, Span(), body) || edits(side).isRemoved(name) { return }
        for field in fields[side] ?? [] where ASCII.equalIgnoringCase(field.name.span, name) {
            return body(field.value.span)
        }
    }

    func withNextField(
        _ side: MessageSide, _ cursor: inout Int64, _ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void
    ) -> Bool {
        let own = fields[side] ?? []
        var position = Int(cursor)
        defer { cursor = Int64(position) }
        while position < own.count {
            let field = own[position]
            position += 1
            if edits(side).isRemoved(field.name.span) { continue }
            body(field.name.span, field.value.span)
            return true
        }
        position -= own.count
        let found = edits(side).withNext(&position, [], Span(), body)
        position += own.count
        return found
    }

    func collectBody(_ side: MessageSide, limit: Int, _ waiter: any BodyWaiter) -> BodyCollection { .ready }

    func withCollectedBody(_ side: MessageSide, _ body: (Span<UInt8>) -> Void) {
        let bytes = bodies[side] ?? []
        body(bytes.span)
    }

    func replaceBody(_ side: MessageSide, by bytes: [UInt8]) -> StaticString? {
        bodies[side] = bytes
        return nil
    }

    func resumeBody(_ side: MessageSide, with verdict: BodyVerdict) { bodyVerdicts.append(verdict) }
    func failBody(_ reason: EndReason) { failures.append(reason) }
}

/// A worker that does what it is asked for when a test says so.
final class FakeFilterHost: FilterHost {
    let workerIndex = 0
    let shard: MetricShard
    let registry: MetricRegistry
    var preciseNow = Instant(nanoseconds: 1)
    var wallNanoseconds: Int64 = 1_700_000_000_000_000_000
    private(set) var logs: [(level: FilterLogLevel, message: String, fields: String)] = []
    private var deferred: [() -> Void] = []
    private var timers: [FilterTimer] = []
    var answer = SubrequestOutcome.success(SubrequestAnswer(status: 200, headers: [], body: Array("{}".utf8)))
    /// In place of `answer` where a test says so.
    var answers: ((Subrequest) -> SubrequestOutcome)?
    private(set) var sent: [Subrequest] = []

    init(registry: MetricRegistry = MetricRegistry(workerCount: 1, methodNames: [])) {
        self.registry = registry
        shard = registry.makeShard(worker: 0)
    }

    private final class Handle: SubrequestHandle {
        func cancel() {}
    }

    func later(_ task: @escaping () -> Void) { deferred.append(task) }

    func after(_ nanoseconds: Int64, _ task: @escaping () -> Void) -> FilterTimer {
        let timer = FilterTimer(task)
        timers.append(timer)
        return timer
    }

    func send(
        _ request: Subrequest, for generation: AnyObject?, _ completion: @escaping (SubrequestOutcome) -> Void
    ) -> any SubrequestHandle {
        sent.append(request)
        let answer = answers?(request) ?? answer
        later { completion(answer) }
        return Handle()
    }

    func elsewhere(
        _ start: (_ done: @escaping @Sendable () -> Void) -> Void, _ completion: @escaping () -> Void
    ) {
        start {}
        later(completion)
    }

    func log(_ level: FilterLogLevel, _ message: [UInt8], fields: [UInt8]) {
        logs.append((level, String(decoding: message, as: UTF8.self), String(decoding: fields, as: UTF8.self)))
    }

    func forgetLogs() { logs = [] }

    /// Whether anything was put off.
    var isBusy: Bool { !deferred.isEmpty || timers.contains { $0.task != nil } }

    /// Does what was put off, and lets every timer fire.
    func run() {
        let round = deferred
        deferred = []
        for task in round { task() }
        let due = timers
        timers = []
        for timer in due {
            preciseNow = preciseNow.advanced(byNanoseconds: 1_000_000)
            timer.task?()
        }
    }
}

extension FilterVerdict {
    var isProceed: Bool {
        if case .proceed = self { true } else { false }
    }

    var response: LocalResponse? {
        if case .respond(let response) = self { response } else { nil }
    }
}

extension FakeFilterExchange {
    /// Takes a request head, each line without its line end.
    func receive(_ lines: String...) {
        let text = lines.joined(separator: "\r\n") + "\r\n\r\n"
        requestBytes.clear()
        requestBytes.append(Array(text.utf8).span)
        requestHead = RequestHead()
        var parser = RequestParser(limits: .largest)
        guard (try? parser.parse(requestBytes.readable, into: &requestHead)) == true else {
            preconditionFailure("a test's own request does not parse")
        }
        method = requestHead.method
        let buffer = requestBytes
        let bytes = buffer.written
        texts[.query] = nil
        if let query = requestHead.queryRange { texts[.query] = Array(copying: bytes.extracting(query)) }
        var lines: [(name: [UInt8], value: [UInt8])] = []
        for field in requestHead.fields {
            let name = Array(copying: bytes.extracting(field.nameRange))
            lines.append((name, Array(copying: bytes.extracting(field.valueRange))))
        }
        fields[.request] = lines
    }
}

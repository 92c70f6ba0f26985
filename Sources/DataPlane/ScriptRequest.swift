import Bytes
import HTTP
import Plugins
import Upstream

/// A request that a filter sends through a pool of its own generation, and the collecting of its answer.
final class ScriptRequest: OutboundRequest, UpstreamReceiver, SubrequestHandle {
    private let request: Subrequest
    private let worker: Worker
    private let pool: UpstreamPool
    private var completion: ((SubrequestOutcome) -> Void)?
    private var stream: UpstreamConnection?
    private var timer: FilterTimer?
    private var retriesLeft: Int
    private let method: Method
    private var startedAt = Instant(nanoseconds: 0)
    private var status = 0
    private var headers: [UInt8] = []
    private var body: [UInt8] = []

    let canTakeResponse = true
    let holdsResponse = false

    init(_ request: Subrequest, pool: UpstreamPool, worker: Worker, _ completion: @escaping (SubrequestOutcome) -> Void)
    {
        self.request = request
        self.pool = pool
        self.worker = worker
        self.completion = completion
        retriesLeft = request.retries
        method = RequestLineCheck.method(request.method.span)
    }

    func start() {
        timer = worker.after(request.timeoutNanoseconds) { [weak self] in self?.end(.failure(.timeout)) }
        open(mustBeFresh: false)
    }

    private func open(mustBeFresh: Bool) {
        let opened: UpstreamConnection
        let (path, body) = (request.path, request.body)
        let hash = hashKey(path.span)
        do throws(UpstreamFailure) {
            opened = try pool.open(
                for: self, method: method, hash: hash, mustBeFresh: mustBeFresh, on: worker)
        } catch {
            switch error {
            case .noEndpoint, .unresolved: return end(.failure(.noUpstream))
            default: return retryOrEnd(.connect)
            }
        }
        stream = opened
        startedAt = worker.preciseNow
        opened.sendHead(self)
        if !body.isEmpty { opened.sendBody(body.span, isChunked: false) }
        guard stream === opened else { return }
        opened.endRequest(isChunked: false, trailers: [])
        opened.flush()
    }

    private func retryOrEnd(_ error: SubrequestError) {
        guard retriesLeft > 0, error == .connect || method.isIdempotent else { return end(.failure(error)) }
        retriesLeft -= 1
        open(mustBeFresh: true)
    }

    private func end(_ outcome: SubrequestOutcome) {
        guard let completion else { return }
        self.completion = nil
        timer?.cancel()
        let open = stream
        stream = nil
        open?.cancel()
        // Not within the event of a connection, which is not done with it yet.
        worker.later { completion(outcome) }
    }

    func cancel() {
        completion = nil
        timer?.cancel()
        let open = stream
        stream = nil
        open?.cancel()
    }

    // MARK: The request

    var http1ByteCountMax: Int {
        request.method.count + request.path.count + request.headers.count + (stream?.endpoint.hostHeader.count ?? 255)
            + 128
    }

    func writeHTTP1(into out: ByteBuffer) {
        out.append(request.method)
        out.append(" ")
        out.append(request.path)
        out.append(" HTTP/1.1\r\nhost: ")
        out.append(stream?.endpoint.hostHeader ?? pool.fallbackHost)
        out.append("\r\n")
        out.append(request.headers)
        let needsLength: Bool
        switch method {
        case .get, .head, .delete, .options: needsLength = !request.body.isEmpty
        default: needsLength = true
        }
        if needsLength {
            out.append("content-length: ")
            out.append(decimal: request.body.count)
            out.append("\r\n")
        }
        out.append("\r\n")
    }

    // MARK: The answer

    func upstreamInterim(_ head: borrowing ResponseHead, bytes: Span<UInt8>) {}

    func upstreamHead(_ head: borrowing ResponseHead, bytes: Span<UInt8>) {
        if let stream {
            pool.observe(
                stream.endpoint, status: head.status, nanoseconds: worker.preciseNow.nanoseconds(since: startedAt))
        }
        if case .length(let count) = head.framing, count > request.bodyMax { return end(.failure(.tooLarge)) }
        status = head.status
        for index in head.fields.indices where !head.fields[index].isHopByHop {
            headers.append(copying: bytes.extracting(head.fields[index].nameRange))
            headers += [0x3A, 0x20]
            headers.append(copying: bytes.extracting(head.fields[index].valueRange))
            headers += [0x0D, 0x0A]
        }
    }

    func upstreamBody(_ bytes: Span<UInt8>) {
        guard body.count + bytes.count <= request.bodyMax else { return end(.failure(.tooLarge)) }
        body.append(copying: bytes)
    }

    func upstreamEnded(trailers: [UInt8]) {
        stream = nil
        end(.success(SubrequestAnswer(status: status, headers: headers, body: body)))
    }

    func upstreamFailed(_ failure: UpstreamFailure) {
        let wasReused = stream?.isReused == true
        stream = nil
        headers = []
        body = []
        guard completion != nil else { return }
        // A kept connection may have died before the server saw anything.
        if wasReused, failure.isStaleConnection, method.isIdempotent { return open(mustBeFresh: true) }
        switch failure {
        case .connect, .connectTimeout, .tls, .exhausted: retryOrEnd(.connect)
        case .noEndpoint, .unresolved: end(.failure(.noUpstream))
        case .responseTimeout: end(.failure(.timeout))
        case .headersTooLarge: end(.failure(.tooLarge))
        case .resetBeforeResponse, .resetInHead, .invalid, .truncated: retryOrEnd(.reset)
        }
    }

    func upstreamUnblocked() { stream?.flush() }
    func upstreamTurnEnded() {}
}

import Bytes
import HTTP
import Plugins
import Routing
import Telemetry
import Upstream

// What rewrites and scripts change of an exchange. Everything is refused that could make two readers see two requests.
extension Exchange {
    /// The route of the request that a browser asks leave for (Fetch standard, "CORS-preflight request"), if its chain
    /// answers preflights.
    func preflightRoute(_ path: Span<UInt8>, _ bytes: Span<UInt8>) -> Int? {
        guard request.method == .options, request.has(.origin) else { return nil }
        guard let field = request.firstIndex(named: Self.requestedMethod.span, in: bytes) else { return nil }
        let token = bytes.extracting(request.fields[field].valueRange)
        guard token.count > 0, token.count <= 32, RequestLineCheck.isToken(token) else { return nil }
        let fields = request.fields
        let outcome = snapshot.table.match(
            method: RequestLineCheck.method(token), methodToken: token,
            authority: bytes.extracting(request.authorityRange), path: path,
            query: bytes.extracting(request.queryRange ?? 0..<0), fields: fields.span,
            knownHeaders: request.knownHeaders, bytes: bytes, captures: &captures)
        guard case .route(let index) = outcome, snapshot.routes[index].filters?.answersPreflights == true else {
            return nil
        }
        return index
    }

    private static let requestedMethod = Array("access-control-request-method".utf8)

    /// Rewrites the path as the route says.
    func apply(_ rewrite: PathRewrite) throws(Refusal) {
        var rewritten: [UInt8] = []
        swap(&rewritten, &worker.rewriteSpace)
        defer { swap(&rewritten, &worker.rewriteSpace) }
        let isRewritten: Bool
        do throws(RewriteError) {
            if isPathChanged {
                let path = changedPath
                isRewritten = try rewrite.apply(
                    path: path.span, captures: captures, variable: variableText, into: &rewritten)
            } else {
                let buffer = requestBytes
                let path = buffer.written.extracting(request.pathRange)
                isRewritten = try rewrite.apply(
                    path: path, captures: captures, variable: variableText, into: &rewritten)
            }
        } catch {
            throw Refusal(error == .variableNotSet ? .filterFailed : .badRequest)
        }
        guard isRewritten else { return }
        changedPath.removeAll(keepingCapacity: true)
        changedPath.append(contentsOf: rewritten)
        isPathChanged = true
    }

    private var isInRequestPhase: Bool {
        if case .filteringRequest = machine.phase { return true }
        return false
    }

    func mayEdit(_ side: MessageSide) -> Bool {
        if side == .request { return isInRequestPhase }
        if case .filteringResponse = machine.phase { return true }
        return false
    }

    func change(_ target: ExchangeChange, to value: Span<UInt8>) -> StaticString? {
        guard isInRequestPhase else { return "the request has been sent already" }
        switch target {
        case .method: return changeMethod(value)
        case .host:
            let isAuthority = value.count > 0 && value.count <= 255 && RequestLineCheck.isAuthority(value)
            guard isAuthority else { return "a host is a name or address, with a port if any" }
            ensureMoreWork().host = Array(copying: value)
            return nil
        case .path: return changePath(value)
        case .query:
            for index in value.indices where value[index] <= 0x20 || value[index] >= 0x7F || value[index] == 0x23 {
                return "a query has neither spaces nor control characters; see url.escape"
            }
            guard value.count <= 8192 else { return "a query has 8 KiB at most" }
            ensureMoreWork().query = Array(copying: value)
            return nil
        case .upstream:
            guard let pool = snapshot.pool(named: value) else { return "there is no upstream of that name" }
            ensureMoreWork().pool = pool
            return nil
        case .endpoint(let isStrict):
            ensureMoreWork().endpoint = FilterWork.EndpointWish(label: Array(copying: value), isStrict: isStrict)
            return nil
        case .hashKey:
            ensureMoreWork().hashKey = Upstream.hashKey(value)
            return nil
        }
    }

    private func changeMethod(_ value: Span<UInt8>) -> StaticString? {
        guard value.count > 0, value.count <= 32, RequestLineCheck.isToken(value) else {
            return "a method is a word such as GET"
        }
        let method = RequestLineCheck.method(value)
        switch method {
        case .connect, .trace: return "this gateway does not serve that method"
        case .head: return "a request cannot be turned into HEAD"
        default: break
        }
        guard request.method != .head else { return "a HEAD request cannot be turned into another" }
        ensureMoreWork().method = Array(copying: value)
        return nil
    }

    private func changePath(_ value: Span<UInt8>) -> StaticString? {
        guard value.count > 0, value[0] == 0x2F, value.count <= 8192 else { return "a path begins with a slash" }
        for index in value.indices where value[index] == 0x3F || value[index] == 0x23 {
            return "a path has neither ? nor #; set req.query"
        }
        for index in value.indices where value[index] <= 0x20 || value[index] >= 0x7F {
            return "a path has neither spaces nor control characters; see url.escape"
        }
        var normal: [UInt8] = []
        do throws(TargetError) {
            try PathNormalizer.normalize(value, into: &normal)
        } catch {
            return "that path can be read in two ways"
        }
        changedPath = normal
        isPathChanged = true
        ensureMoreWork().isPathChosen = true
        return nil
    }

    func change(_ target: ExchangeNumberChange, to value: Double) -> StaticString? {
        switch target {
        case .status:
            guard case .filteringResponse = machine.phase else { return "the response has been sent already" }
            guard value.rounded() == value, (200...599).contains(value) else { return "a status is from 200 to 599" }
            responseStatus = Int(value)
            if pendingAnswer != nil { pendingAnswer?.status = Int(value) } else { ensureMoreWork().status = Int(value) }
        case .timeoutMilliseconds:
            deadline = worker.now.advanced(byNanoseconds: Int64(value * 1_000_000))
            downstream?.deadlineChanged()
        case .noRetry: hasRetried = true
        }
        return nil
    }

    /// Matches the request as filters have made it. Its filters stay those that it began with.
    func reroute() -> Bool {
        guard isInRequestPhase else { return false }
        let space = worker.buffers.take(atLeast: http1ByteCountMax)
        defer { worker.buffers.give(space) }
        writeForRouting(into: space)
        var parser = RequestParser(limits: .largest)
        var head = RequestHead()
        guard (try? parser.parse(space.readable, into: &head)) == true else { return false }
        let bytes = space.readable
        let fields = head.fields
        var found = PathCaptures()
        let outcome = snapshot.table.match(
            method: head.method, methodToken: bytes.extracting(head.methodRange),
            authority: bytes.extracting(head.authorityRange), path: bytes.extracting(head.pathRange),
            query: bytes.extracting(head.queryRange ?? 0..<0), fields: fields.span, knownHeaders: head.knownHeaders,
            bytes: bytes, captures: &found)
        guard case .route(let index) = outcome else { return false }
        route = snapshot.routes[index]
        ensureMoreWork().isPathChosen = true
        return true
    }

    private func writeForRouting(into out: ByteBuffer) {
        withText(.method) { out.append($0) }
        out.append(" ")
        withText(.path) { out.append($0) }
        var hasQuery = request.queryRange != nil
        if let query = usedWork?.query { hasQuery = !query.isEmpty }
        if hasQuery {
            out.append("?")
            withText(.query) { out.append($0) }
        }
        out.append(" HTTP/1.1\r\nhost: ")
        withText(.host) { out.append($0) }
        out.append("\r\n")
        var cursor: Int64 = 0
        while withNextField(
            .request, &cursor,
            { name, value in
                // Framing and connection fields do not route.
                guard RequestLineCheck.mayRoute(name) else { return }
                out.append(name)
                out.append(": ")
                out.append(value)
                out.append("\r\n")
            })
        {}
        out.append("\r\n")
    }
}

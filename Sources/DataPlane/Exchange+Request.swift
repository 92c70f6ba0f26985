import Bytes
import HTTP
import Plugins
import Routing
import Upstream

// The request as the upstream gets it.
extension Exchange {
    /// A trusted peer's identifier is kept, so that a chain of proxies logs one; anybody else's is replaced, so that a
    /// client cannot choose what operators search for.
    func takeRequestID() {
        requestID.clear()
        let buffer = requestBytes
        if isPeerTrusted, let field = request.acceptableRequestID(in: buffer.written) {
            requestID.append(buffer.written.extracting(field.valueRange))
        } else {
            worker.writeRequestID(into: requestID)
        }
    }

    /// Tells the upstream of the client's certificate, and nobody else may.
    func forward(_ tls: ClientTLS) {
        guard let listener, !listener.clientFields.isEmpty else { return }
        for field in listener.clientFields { removeSpellings(of: field.name) }
        for pair in tls.fields { requestEdits.set(pair.name, pair.value) }
    }

    var http1ByteCountMax: Int {
        // Each field may be rewritten once, and what the gateway adds is bounded by its own lengths.
        request.byteCount + (isPathChanged ? changedPath.count : 0) + requestEdits.byteCount + hostToSend.count
            + requestID.readableCount
            + 2 * request.authorityRange.count + 1024 + (usedWork?.query?.count ?? 0) + (usedWork?.method?.count ?? 0)
    }

    /// The authority that replaces the client's; empty where the client's is kept.
    private var hostToSend: [UInt8] {
        if let host = usedWork?.host { return host }
        if let host = route?.rewrite?.host { return host }
        return request.authorityRange.isEmpty ? upstream?.endpoint.hostHeader ?? pool?.fallbackHost ?? [] : []
    }

    func writeHTTP1(into out: ByteBuffer) {
        let buffer = requestBytes
        let bytes = buffer.written
        writePeer()
        let replacement = hostToSend
        let forwarded = RequestWriter.Forwarded(isPeerTrusted: isPeerTrusted, isTLS: clientTLS != nil)
        if isPathChanged {
            let path = changedPath
            if replacement.isEmpty {
                write(path.span, bytes.extracting(request.authorityRange), forwarded, out)
            } else {
                write(path.span, replacement.span, forwarded, out)
            }
        } else {
            let path = bytes.extracting(request.pathRange)
            if replacement.isEmpty {
                write(path, bytes.extracting(request.authorityRange), forwarded, out)
            } else {
                write(path, replacement.span, forwarded, out)
            }
        }
    }

    /// The peer's address as text; kept from request to request while the peer is the same.
    private func writePeer() {
        if peer == writtenPeer, !peerText.isEmpty { return }
        writtenPeer = peer
        peerText.clear()
        if let peer { peer.append(to: peerText) } else { peerText.append("unix") }
    }

    @inline(__always)
    private func write(
        _ path: Span<UInt8>, _ host: Span<UInt8>, _ forwarded: RequestWriter.Forwarded, _ out: ByteBuffer
    ) {
        let buffer = requestBytes
        let bytes = buffer.written
        let peer = peerText
        let id = requestID
        let method = bytes.extracting(request.methodRange)
        if let work = usedWork, work.method != nil || work.query != nil {
            let changedMethod = work.method ?? []
            let changedQuery = work.query ?? []
            RequestWriter.write(
                request, bytes: bytes, method: work.method == nil ? method : changedMethod.span, path: path,
                query: work.query == nil ? bytes.extracting(request.queryRange ?? 0..<0) : changedQuery.span,
                hasQuery: work.query == nil ? request.queryRange != nil : !changedQuery.isEmpty, host: host,
                framing: outgoingFraming, edits: requestEdits, forwarded: forwarded, peer: peer.readable,
                requestID: id.readable, into: out)
            return
        }
        RequestWriter.write(
            request, bytes: bytes, method: method, path: path, query: bytes.extracting(request.queryRange ?? 0..<0),
            hasQuery: request.queryRange != nil, host: host, framing: outgoingFraming, edits: requestEdits,
            forwarded: forwarded, peer: peer.readable, requestID: id.readable, into: out)
    }

    /// What a hashing balancer spreads this request by; any constant when the policy is another.
    func requestHash(_ source: HashSource?) -> UInt64 {
        guard let source else { return 0 }
        if let key = usedWork?.hashKey { return key }
        let buffer = requestBytes
        let bytes = buffer.written
        switch source {
        case .clientIP: return hashKey(clientAddress)
        case .path:
            let changed = changedPath
            return isPathChanged ? hashKey(changed.span) : hashKey(bytes.extracting(request.pathRange))
        case .variable(let name):
            guard let value = work?.variables[name.span] else { return hashKey(clientAddress) }
            return hashKey(value.span)
        case .host: return hashKey(bytes.extracting(request.authorityRange))
        case .header(let name):
            guard let index = request.firstIndex(named: name.span, in: bytes) else { return hashKey(clientAddress) }
            return hashKey(bytes.extracting(request.fields[index].valueRange))
        case .query(let name):
            let query = bytes.extracting(request.queryRange ?? 0..<0)
            guard let range = Parameters.value(of: name.span, in: query, separator: 0x26) else {
                return hashKey(clientAddress)
            }
            return hashKey(query.extracting(range))
        case .cookie(let name):
            guard let field = request.field(.cookie) else { return hashKey(clientAddress) }
            let cookies = bytes.extracting(field.valueRange)
            guard let range = Parameters.value(of: name.span, in: cookies, separator: 0x3B) else {
                return hashKey(clientAddress)
            }
            return hashKey(cookies.extracting(range))
        }
    }
}

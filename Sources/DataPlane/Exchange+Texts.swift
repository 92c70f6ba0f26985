import Bytes
import HTTP
import Plugins
import Routing
import Telemetry
import Upstream

// What scripts read of an exchange.
extension Exchange {
    var host: any FilterHost { worker }
    var variables: ExchangeVariables { ensureWork().variables }

    /// A variable as plain text.
    func variableText(_ name: [UInt8]) -> [UInt8]? { work?.variables.text(of: name.span) }

    func state(of slot: Int) -> AnyObject? {
        guard let work else { return nil }
        if slot == 0 { return work.firstState }
        return slot <= work.otherStates.count ? work.otherStates[slot - 1] : nil
    }

    func setState(of slot: Int, _ state: AnyObject?) {
        let work = ensureWork()
        if slot == 0 { return work.firstState = state }
        while work.otherStates.count < slot { work.otherStates.append(nil) }
        work.otherStates[slot - 1] = state
    }

    func withText(_ text: ExchangeText, _ body: (Span<UInt8>) -> Void) {
        let buffer = requestBytes
        switch text {
        case .method:
            if let method = usedWork?.method { return body(method.span) }
            body(buffer.written.extracting(request.methodRange))
        case .host:
            if let host = usedWork?.host { return body(host.span) }
            body(buffer.written.extracting(request.authorityRange))
        case .path:
            if isPathChanged {
                let path = changedPath
                return body(path.span)
            }
            body(buffer.written.extracting(request.pathRange))
        case .query:
            if let query = usedWork?.query { return body(query.span) }
            body(buffer.written.extracting(request.queryRange ?? 0..<0))
        case .scheme: body(scheme.span)
        case .httpVersion: body(request.minorVersion == 0 ? Self.version10.span : Self.version11.span)
        case .requestID:
            let id = requestID
            body(id.readable)
        case .route: lend(route?.nameBytes, body)
        case .routePrefix: lend(route?.prefixBytes, body)
        case .upstreamName: if attemptCount > 0 { lend(pool?.nameBytes, body) }
        case .upstreamAddress: lend(endpoint?.labelBytes, body)
        case .source: body(source.span)
        case .endReason: body(reason.code.bytes)
        case .clientAddress: withAddress(clientAddress, body)
        case .peerAddress: withAddress(peer, body)
        case .clientTLS: lend(clientTLS?.json, body)
        case .authentication: lend(identity?.json, body)
        case .traceID: withTrace(3..<35, body)
        case .spanID: withTrace(36..<52, body)
        }
    }

    private func lend(_ bytes: [UInt8]?, _ body: (Span<UInt8>) -> Void) {
        guard let bytes else { return }
        body(bytes.span)
    }

    var scheme: [UInt8] { clientTLS == nil ? Self.http : Self.https }
    private static let http = Array("http".utf8)
    private static let https = Array("https".utf8)
    private static let version10 = Array("1.0".utf8)
    private static let version11 = Array("1.1".utf8)

    /// Who made the response that filters look at.
    private var source: [UInt8] {
        guard pendingAnswer == nil else {
            return pendingAnswer?.reason == .filterResponded ? Self.filterSource : Self.gatewaySource
        }
        return Self.upstreamSource
    }

    private static let filterSource = Array("filter".utf8)
    private static let gatewaySource = Array("gateway".utf8)
    private static let upstreamSource = Array("upstream".utf8)

    private func withAddress(_ address: IPAddress?, _ body: (Span<UInt8>) -> Void) {
        guard let address else { return }
        let space = ensureWork().textSpace
        space.clear()
        address.append(to: space)
        body(space.readable)
    }

    /// A part of the client's `traceparent` (W3C Trace Context §3.2), if it has the one form that is defined.
    private func withTrace(_ range: Range<Int>, _ body: (Span<UInt8>) -> Void) {
        let buffer = requestBytes
        guard let index = request.firstIndex(named: Self.traceparent.span, in: buffer.written) else { return }
        let value = buffer.written.extracting(request.fields[index].valueRange)
        guard value.count == 55, value[2] == 0x2D, value[35] == 0x2D, value[52] == 0x2D else { return }
        for position in 0..<55 where position != 2 && position != 35 && position != 52 {
            guard (0x30...0x39).contains(value[position]) || (0x61...0x66).contains(value[position]) else { return }
        }
        body(value.extracting(range))
    }

    private static let traceparent = Array("traceparent".utf8)

    func number(_ number: ExchangeNumber) -> Double {
        switch number {
        case .status: return responseStatus == 0 ? .nan : Double(responseStatus)
        case .requestBodySize:
            switch request.framing {
            case .none: return 0
            case .length(let count): return Double(count)
            case .chunked, .untilClose: return .nan
            }
        case .clientPort:
            // Of a client behind a trusted proxy nobody tells the port.
            guard clientAddress == peer else { return .nan }
            return downstream?.peerPort.map(Double.init) ?? .nan
        case .remainingMilliseconds:
            guard deadline != .distantFuture else { return .nan }
            return max(Double(deadline.nanoseconds(since: worker.now)) / 1_000_000, 0)
        case .upstreamMilliseconds: return attemptCount == 0 ? .nan : Double(upstreamNanoseconds) / 1_000_000
        case .upstreamAttempts: return Double(attemptCount)
        case .upstreamReused: return upstream?.isReused == true ? 1 : 0
        case .durationMilliseconds: return Double(worker.preciseNow.nanoseconds(since: startedAt)) / 1_000_000
        case .bytesIn: return Double(request.byteCount + requestBodyCount)
        case .bytesOut: return Double(responseHeadCount + responseBodyCount)
        }
    }
}

package import Bytes
package import HTTP
package import Telemetry

/// What a filter sees of the exchange it takes part in. The data plane's `Exchange` is the only one outside tests.
package protocol FilterExchange: AnyObject {
    /// The loop's time.
    var now: Instant { get }
    var method: Method { get }
    var requestFraming: BodyFraming { get }
    /// The request head's table; its offsets count in `requestBytes.written`. A copy: for one field there are the
    /// functions below.
    var requestHead: RequestHead { get }
    /// The first field of that name.
    func requestField(_ known: KnownHeader) -> HeaderField?
    /// Whether the request has one field of that name.
    func soleRequestField(_ known: KnownHeader) -> SoleField
    var requestBytes: ByteBuffer { get }
    /// The address of the client: the peer's, or what a trusted proxy says of it.
    var clientAddress: IPAddress { get }
    /// The status of the response; 0 before there is one.
    var responseStatus: Int { get }

    /// What authentication found of the client; the last filter that let it pass decides.
    var identity: ClientIdentity? { get }
    /// What authentication decided, for the log alone.
    var authDecision: AuthDecision? { get }
    /// Sets what authentication decided, and where it found a client, whom.
    // Functions, not settable properties: those of a protocol are changed in place, which is checked at run time.
    func authenticated(_ decision: AuthDecision, as identity: ClientIdentity?)

    /// Edits that are applied when the request is serialised for the upstream.
    var requestEdits: HeaderEdits { get }
    /// Edits that are applied when the response is serialised for the client.
    var responseEdits: HeaderEdits { get }

    /// Lowers the limit on the request body: 413 past it, announced or counted.
    func limitRequestBody(to byteCount: Int)
    /// Continues an exchange that a filter suspended; the verdict stands for the suspended call's.
    func resume(with verdict: FilterVerdict)

    // MARK: What scripts need beyond that

    /// The worker that serves this exchange.
    var host: any FilterHost { get }
    /// What a filter keeps for this exchange, by its place in the chain.
    func state(of slot: Int) -> AnyObject?
    func setState(of slot: Int, _ state: AnyObject?)

    /// Calls `body` with a text of the exchange; does not call it where there is none.
    func withText(_ text: ExchangeText, _ body: (Span<UInt8>) -> Void)
    /// NaN where there is none.
    func number(_ number: ExchangeNumber) -> Double
    /// Changes something; the reason when that is refused.
    func change(_ target: ExchangeChange, to value: Span<UInt8>) -> StaticString?
    func change(_ target: ExchangeNumberChange, to value: Double) -> StaticString?
    /// Whether fields of that message can still be changed.
    func mayEdit(_ side: MessageSide) -> Bool
    /// Looks for a route again after method, host, path or fields were changed; whether one was found.
    func reroute() -> Bool

    /// The first field of that name as it will be sent.
    func withField(_ side: MessageSide, _ name: Span<UInt8>, _ body: (Span<UInt8>) -> Void)
    /// The field at `cursor` or behind it, which is moved past it; false at the end.
    func withNextField(
        _ side: MessageSide, _ cursor: inout Int64, _ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void
    ) -> Bool

    /// Variables that filters, the access log and the balancer share: a JSON scalar by name.
    var variables: ExchangeVariables { get }

    /// Asks for the whole body; where it has to be awaited, `waiter` is told when it is there, never within this call.
    func collectBody(_ side: MessageSide, limit: Int, _ waiter: any BodyWaiter) -> BodyCollection
    /// Calls `body` with what `collectBody` found.
    func withCollectedBody(_ side: MessageSide, _ body: (Span<UInt8>) -> Void)
    /// Replaces a whole body; the reason when that is refused.
    func replaceBody(_ side: MessageSide, by bytes: [UInt8]) -> StaticString?
    /// A filter that was suspended on a chunk has decided.
    func resumeBody(_ side: MessageSide, with verdict: BodyVerdict)
    /// Breaks the exchange while a body is under way.
    func failBody(_ reason: EndReason)
}

/// Which message of an exchange.
package enum MessageSide: Int, Sendable { case request, response }

package enum ExchangeText: Sendable {
    case method, host, path, query, scheme, httpVersion
    case clientAddress, peerAddress, requestID, route, routePrefix
    case upstreamName, upstreamAddress, source, endReason
    /// What authentication found, as JSON.
    case authentication
    /// What TLS told of the client, as JSON; nothing without it.
    case clientTLS
    case traceID, spanID
}

package enum ExchangeNumber: Sendable {
    case status, requestBodySize, clientPort, remainingMilliseconds
    case upstreamMilliseconds, upstreamAttempts, upstreamReused, durationMilliseconds, bytesIn, bytesOut
}

package enum ExchangeChange: Sendable {
    case method, host, path, query
    case upstream
    /// An endpoint of the upstream; strictly, or as a wish.
    case endpoint(isStrict: Bool)
    case hashKey
}

package enum ExchangeNumberChange: Sendable {
    case status, timeoutMilliseconds, noRetry
}

/// Whether a whole body is there.
package enum BodyCollection: Sendable, Equatable {
    case ready, pending, tooLarge
    /// The reason why it cannot be had.
    case refused(Refusal)

    package enum Refusal: Sendable { case notDeclared, alreadyPassed }
}

/// Who asked for a whole body.
package protocol BodyWaiter: AnyObject {
    /// It is there, or is too large.
    func bodyCollected(_ side: MessageSide)
}

/// What becomes of a chunk.
package enum BodyVerdict {
    case pass
    case replace([UInt8])
    /// The chunk waits until `FilterExchange.resumeBody` is called.
    case suspend
    /// The exchange breaks: nothing may look like a clean end.
    case fail(EndReason)
}

/// Values that outlive a filter's phase: few, so that a list is enough.
package final class ExchangeVariables {
    package struct Entry {
        package let name: [UInt8]
        package var json: [UInt8]
    }

    package private(set) var entries: [Entry] = []
    package static let countMax = 32
    package static let bytesMax = 1024

    package init() {}

    package subscript(name: Span<UInt8>) -> [UInt8]? {
        for entry in entries where ASCII.equal(entry.name.span, name) { return entry.json }
        return nil
    }

    /// The value without quotation marks and escapes; nil when there is none.
    package func text(of name: Span<UInt8>) -> [UInt8]? {
        guard let json = self[name] else { return nil }
        guard json.first == UInt8(ascii: "\"") else { return json }
        return Self.unescaped(json[1..<(json.count - 1)])
    }

    /// Our own encoder made it, so that `\u` stands for control bytes alone.
    private static func unescaped(_ json: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        var rest = json
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                text.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                text.append(UInt8(String(decoding: rest.prefix(4), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(4)
            default: text.append(escape)
            }
        }
        return text
    }

    /// Sets, or with an empty value removes; the reason when there is no room.
    package func set(_ name: Span<UInt8>, json: Span<UInt8>) -> StaticString? {
        if json.count > Self.bytesMax { return "a variable has 1 KiB at most" }
        let index = entries.firstIndex { ASCII.equal($0.name.span, name) }
        if index == nil, !json.isEmpty, entries.count == Self.countMax { return "a request has 32 variables at most" }
        change { entries in
            if let index, json.isEmpty {
                entries.remove(at: index)
            } else if let index {
                entries[index].json = Array(copying: json)
            } else if !json.isEmpty {
                entries.append(Entry(name: Array(copying: name), json: Array(copying: json)))
            }
        }
        return nil
    }

    package var isEmpty: Bool { entries.isEmpty }
    package func removeAll() { change { $0.removeAll(keepingCapacity: true) } }

    /// Has `body` change the entries outside of their property; see `HeaderEdits`.
    @inline(__always)
    private func change(_ body: (inout [Entry]) -> Void) {
        var taken: [Entry] = []
        swap(&taken, &entries)
        body(&taken)
        swap(&taken, &entries)
    }
}

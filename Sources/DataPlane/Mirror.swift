import Bytes
import HTTP
import Upstream

/// A copy of a request on its way to a shadow upstream, whose answer nobody sees.
///
/// A mirror never slows or fails the request that it copies: what it cannot send at once it gives up.
final class Mirror: UpstreamReceiver {
    private var stream: (any UpstreamStream)?
    private var isRequestEnded = false

    /// Answers up to this size are read to the end, so that the connection can be used again; larger ones are cut.
    private static let readableBodyMax = 64 << 10

    /// Bytes of a request that wait for a slow shadow before it is given up.
    private static let pendingMax = 256 << 10

    let canTakeResponse = true
    let holdsResponse = false

    /// Sends the head of `exchange`; nil when the shadow upstream cannot be reached.
    static func start(of exchange: Exchange, to pool: UpstreamPool) -> Mirror? {
        let mirror = Mirror()
        guard
            let stream = try? pool.open(
                for: mirror, method: exchange.request.method, hash: exchange.requestHash(pool.hashSource),
                mustBeFresh: false, on: exchange.worker)
        else { return nil }
        mirror.stream = stream
        stream.sendHead(exchange)
        if exchange.machine.isRequestEnded { mirror.requestEnded(isChunked: false) }
        return mirror.stream == nil ? nil : mirror
    }

    func requestBody(_ bytes: Span<UInt8>, isChunked: Bool) {
        guard let stream else { return }
        guard stream.pendingByteCount + bytes.count <= Self.pendingMax else { return giveUp() }
        stream.sendBody(bytes, isChunked: isChunked)
        stream.flush()
    }

    func requestEnded(isChunked: Bool) {
        isRequestEnded = true
        stream?.endRequest(isChunked: isChunked, trailers: [])
        stream?.flush()
    }

    /// The copied exchange is over; a request that was not sent whole is of no use to anybody.
    func requestAborted() {
        if !isRequestEnded { giveUp() }
    }

    private func giveUp() {
        let given = stream
        stream = nil
        given?.cancel()
    }

    func upstreamInterim(_ head: borrowing ResponseHead, bytes: Span<UInt8>) {}

    func upstreamHead(_ head: borrowing ResponseHead, bytes: Span<UInt8>) {
        switch head.framing {
        case .none: break
        case .length(let count) where count <= Self.readableBodyMax: break
        case .length, .chunked, .untilClose: giveUp()
        }
    }

    func upstreamBody(_ bytes: Span<UInt8>) {}
    func upstreamEnded(trailers: [UInt8]) { stream = nil }
    func upstreamFailed(_ failure: UpstreamFailure) { stream = nil }
    func upstreamUnblocked() {}
    func upstreamTurnEnded() {}
}

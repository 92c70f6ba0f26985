import Bytes
import HTTP
import Upstream

// The two sides of an exchange, free of any wire protocol. HTTP/1.1 connections implement them today; an HTTP/2 stream
// is one more implementation of each, and nothing above changes.

/// The client's side: what an exchange does to its client.
protocol DownstreamStream: AnyObject {
    /// The port of the peer; nil without one, as on a unix socket.
    var peerPort: Int? { get }
    /// True while bytes wait that the client does not take; the upstream is not read meanwhile.
    var isBlocked: Bool { get }

    /// Passes an interim response on (RFC 9110 §15.2).
    func sendInterim(_ head: borrowing ResponseHead, bytes: Span<UInt8>)
    /// Sends the final head. `framing` is that of the body that follows, not the client's wire form.
    func sendHead(
        _ head: borrowing ResponseHead, bytes: Span<UInt8>, framing: BodyFraming, edits: HeaderEdits)
    func sendBody(_ bytes: Span<UInt8>)
    /// Ends the response in order. `trailers` are complete field lines, empty for none.
    func endResponse(trailers: [UInt8])
    /// What the client sent cannot be trusted to be framed as we read it: the connection ends with this response.
    func closeAfterResponse()
    /// Ends the response so that the client sees it broken.
    func abortResponse()
    /// Hands what was sent to the kernel; called once per turn, so that head and body leave in one packet.
    func flush()
    /// The same for the last bytes of a response; whatever goes wrong is kept for `exchangeFinished`.
    func flushLast()
    /// The exchange can take request body bytes (again).
    func resumeRequestBody()
    /// Starts the request body over, for a replay; false when some of it is no longer in memory.
    func rewindRequestBody() -> Bool
    /// The exchange's deadline has moved.
    func deadlineChanged()
    /// The exchange is over and its log phase has run; the stream may serve its next request.
    func exchangeFinished()
}

/// A request as its sender serialises it, for whichever protocol the upstream speaks.
protocol OutboundRequest: AnyObject {
    /// An upper bound of what `writeHTTP1` writes.
    var http1ByteCountMax: Int { get }
    func writeHTTP1(into out: ByteBuffer)
}

/// The upstream's side: what an exchange does to the server it chose.
protocol UpstreamStream: AnyObject {
    var endpoint: Endpoint { get }
    /// The connection served an earlier request, so its peer may have closed it before it saw this one.
    var isReused: Bool { get }
    /// True while request bytes wait that the upstream does not take.
    var isBlocked: Bool { get }
    /// Request bytes that wait.
    var pendingByteCount: Int { get }

    func sendHead(_ request: any OutboundRequest)
    /// `isChunked` repeats the framing that the head announced.
    func sendBody(_ bytes: Span<UInt8>, isChunked: Bool)
    func endRequest(isChunked: Bool, trailers: [UInt8])
    func flush()
    /// The receiver can take response bytes again.
    func resumeResponse()
    /// Calls `body` with the response head; there is one only while the receiver is told of it.
    func withHead(_ body: (borrowing ResponseHead, Span<UInt8>) -> Void)
    /// The receiver has lost interest; it is not called again.
    func cancel()
}

/// What hears the answer: an exchange, or a mirror that throws it away.
protocol UpstreamReceiver: AnyObject {
    /// False stops reading until `resumeResponse`.
    var canTakeResponse: Bool { get }
    /// A filter waits before the head is passed on; body bytes that came with it are kept back too.
    var holdsResponse: Bool { get }
    /// It asks the stream for the head while it is told of it.
    var looksAtHead: Bool { get }

    func upstreamInterim(_ head: borrowing ResponseHead, bytes: Span<UInt8>)
    func upstreamHead(_ head: borrowing ResponseHead, bytes: Span<UInt8>)
    func upstreamBody(_ bytes: Span<UInt8>)
    /// The response is complete; the stream is no longer the receiver's.
    func upstreamEnded(trailers: [UInt8])
    /// The stream failed and is gone.
    func upstreamFailed(_ failure: UpstreamFailure)
    /// Request bytes that waited have left.
    func upstreamUnblocked()
    /// Nothing more comes in this turn: flush.
    func upstreamTurnEnded()
}

extension UpstreamReceiver {
    var looksAtHead: Bool { false }
}

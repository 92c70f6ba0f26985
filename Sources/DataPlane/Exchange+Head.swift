import Bytes
import HTTP
import Telemetry

// The request head before it is one.
extension Exchange {
    /// The head is no request: answers with `reason` and ends.
    func refuse(
        _ reason: EndReason, downstream: any DownstreamStream, bytes: ByteBuffer, peer: IPAddress?, startedAt: Instant
    ) {
        self.downstream = downstream
        requestBytes = bytes
        self.peer = peer
        clientAddress = peer ?? .loopback
        isPeerTrusted = false
        self.startedAt = startedAt
        takeRequestID()
        machine.headReceived()
        worker.countBegun()
        answer(Refusal(reason))
    }

    /// Goes on parsing the head into `request`; true when it is whole.
    ///
    /// In a variable meanwhile: were the property itself passed on, each of its many uses would be checked for
    /// exclusive access at run time. The same holds wherever a property is taken out and put back.
    func parseRequest(_ bytes: Span<UInt8>, with parser: inout RequestParser) throws(RequestError) -> Bool {
        var head = RequestHead()
        swap(&head, &request)
        defer { swap(&head, &request) }
        return try parser.parse(bytes, into: &head)
    }

    /// A new head is about to be read into `request`. What steers the answer to a head that turns out to be none are
    /// the method and version, as far as they were understood.
    func forgetRequest() {
        request.method = .get
        request.minorVersion = 1
        request.byteCount = 0
    }
}

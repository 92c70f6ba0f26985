import Bytes
import HTTP

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
    let requestEdits = HeaderEdits()
    let responseEdits = HeaderEdits()
    /// Every limit that was asked for, in order.
    private(set) var bodyLimits: [Int] = []
    private(set) var resumptions: [FilterVerdict] = []

    func limitRequestBody(to byteCount: Int) { bodyLimits.append(byteCount) }
    func resume(with verdict: FilterVerdict) { resumptions.append(verdict) }
}

extension FilterVerdict {
    var isProceed: Bool {
        if case .proceed = self { true } else { false }
    }

    var response: LocalResponse? {
        if case .respond(let response) = self { response } else { nil }
    }
}

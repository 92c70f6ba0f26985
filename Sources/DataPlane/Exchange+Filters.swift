import Bytes
import HTTP
import Plugins
import Telemetry

// What filters see.
extension Exchange: FilterExchange {
    var now: Instant { worker.now }
    var method: Method { request.method }
    var requestFraming: BodyFraming { request.framing }
    var requestHead: RequestHead { request }
    func requestField(_ known: KnownHeader) -> HeaderField? {
        // Without a copy of the head.
        RequestHead.field(known, in: request.fields, set: request.knownHeaders)
    }
    func soleRequestField(_ known: KnownHeader) -> SoleField {
        RequestHead.sole(known, in: request.fields, set: request.knownHeaders)
    }

    func authenticated(_ decision: AuthDecision, as identity: ClientIdentity?) {
        authDecision = decision
        if let identity { self.identity = identity }
    }

    func limitRequestBody(to byteCount: Int) {
        bodyLimit = min(bodyLimit, byteCount)
    }

    /// Continues after a suspended filter, in whichever phase it suspended.
    func resume(with verdict: FilterVerdict) {
        switch machine.phase {
        case .filteringRequest:
            switch verdict {
            case .proceed:
                machine.requestFilterPassed()
                runRequestFilters()
            case .respond(let response): answerInstead(response)
            case .suspend: return
            }
        case .filteringResponse:
            switch verdict {
            case .proceed:
                machine.responseFilterPassed()
                guard runResponseFilters() else { return }
                if pendingAnswer != nil { finishPendingAnswer() } else { passHeldHead() }
            case .respond(let response):
                replaceResponse(by: response)
                if runResponseFilters() { finishPendingAnswer() }
            case .suspend: return
            }
        case .receiving, .choosing, .relaying, .answering, .finished:
            // The exchange ended while the filter waited: there is nothing left to resume.
            return
        }
    }
}

import Telemetry
import Testing

@testable import DataPlane

@Suite struct UpstreamFailureTests {
    static let reasons: [(failure: UpstreamFailure, reason: EndReason)] = [
        (.noEndpoint, .noHealthyUpstream), (.unresolved, .upstreamUnresolved), (.connect(111), .upstreamConnect),
        (.connectTimeout, .upstreamConnectTimeout), (.exhausted, .overloaded), (.resetBeforeResponse, .upstreamReset),
        (.resetInHead, .upstreamReset), (.responseTimeout, .upstreamTimeout), (.invalid, .upstreamProtocol),
        (.headersTooLarge, .upstreamHeadersTooLarge), (.truncated, .upstreamTruncated),
    ]

    @Test(arguments: reasons) func hasAReason(_ failure: UpstreamFailure, _ reason: EndReason) {
        #expect(failure.endReason == reason)
        // A truncated body is seen when the status has been sent.
        #expect(failure == .truncated ? reason.status == 0 : [502, 503, 504].contains(reason.status))
        #expect(!"\(reason.code)".isEmpty && !"\(reason.title)".isEmpty)
    }

    /// Any other failure may have been seen by the server, so the request must not be sent again.
    @Test(arguments: reasons) func onlyASilentEndIsStale(_ failure: UpstreamFailure, _ reason: EndReason) {
        #expect(failure.isStaleConnection == (failure == .resetBeforeResponse))
    }
}

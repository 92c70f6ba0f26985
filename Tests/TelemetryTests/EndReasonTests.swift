import Telemetry
import Testing

@Suite struct EndReasonTests {
    @Test func codesAreUniqueSnakeCase() {
        let codes = EndReason.allCases.map { "\($0.code)" }
        #expect(Set(codes).count == codes.count)
        for code in codes {
            #expect(code.allSatisfy { $0.isLowercase && $0.isASCII || $0 == "_" }, "\(code)")
        }
    }

    @Test(arguments: EndReason.allCases) func isFoundByItsCode(_ reason: EndReason) {
        #expect(EndReason(code: "\(reason.code)") == reason)
    }

    @Test(arguments: ["", "OK", "ok ", "nonsense"]) func findsNothingElse(_ code: String) {
        #expect(EndReason(code: code) == nil)
    }

    @Test(arguments: EndReason.allCases) func explainsItself(_ reason: EndReason) {
        #expect(!"\(reason.title)".isEmpty)
        #expect(reason.explanation.hasSuffix("."))
        #expect(reason.explanation.split(separator: " ").count >= 10)
    }

    @Test(arguments: EndReason.allCases) func statusAgreesWithBlame(_ reason: EndReason) {
        let expected: [ClosedRange<Int>] =
            switch reason.blame {
            case .nobody: [0...0]
            case .client: [400...499, 501...501, 505...505]
            case .upstream: [502...504]
            case .gateway: [500...500, 503...504]
            }
        #expect(reason.status == 0 || expected.contains { $0.contains(reason.status) })
    }

    /// The codes that docs/design promises to users; renaming one breaks their alerts.
    @Test(arguments: [
        "no_route", "method_not_allowed", "bad_request", "uri_too_long", "headers_too_large", "body_too_large",
        "request_timeout", "unauthenticated", "forbidden", "rate_limited", "filter_failed", "no_healthy_upstream",
        "circuit_open", "upstream_connect", "upstream_reset", "upstream_timeout", "upstream_protocol", "overloaded",
        "draining", "ok", "client_gone",
    ]) func keepsItsPromises(_ code: String) {
        #expect(EndReason(code: code) != nil)
    }

    @Test func pageIsUpToDate() throws {
        try ReferencePage.expect("errors.md", ReferencePage.errors)
    }
}

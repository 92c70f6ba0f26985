/// Why an exchange ended: the one code that the access log, the metrics, the error body and `gateway help` share.
///
/// A closed set. Raw values are metric label ids of this process only; they are not stable across releases, codes are.
package enum EndReason: UInt8, CaseIterable, Sendable {
    // Nothing went wrong.
    case ok, filterResponded

    // The client.
    case clientGone, clientStalled, badRequest, uriTooLong, headersTooLarge, bodyTooLarge, lengthRequired
    case requestTimeout, bodyTimeout, expectationFailed, versionNotSupported, notImplemented
    case noRoute, methodNotAllowed, unauthenticated, forbidden, rateLimited

    // The upstream.
    case noHealthyUpstream, upstreamUnresolved, circuitOpen
    case upstreamConnect, upstreamConnectTimeout, upstreamTLS, upstreamReset, upstreamTimeout, upstreamProtocol
    case upstreamHeadersTooLarge, upstreamTruncated, upstreamBodyTimeout, upstreamBodyTooLarge

    // The gateway itself.
    case deadlineExceeded, filterFailed, authUnavailable, overloaded, draining, drainTimeout, internalError

    /// The reason with this code, if there is one.
    package init?(code: String) {
        guard let match = Self.allCases.first(where: { "\($0.code)" == code }) else { return nil }
        self = match
    }

    /// The name that people and machines see: snake case, never reused for another meaning.
    package var code: StaticString {
        switch self {
        case .ok: "ok"
        case .filterResponded: "filter_responded"
        case .clientGone: "client_gone"
        case .clientStalled: "client_stalled"
        case .badRequest: "bad_request"
        case .uriTooLong: "uri_too_long"
        case .headersTooLarge: "headers_too_large"
        case .bodyTooLarge: "body_too_large"
        case .lengthRequired: "length_required"
        case .requestTimeout: "request_timeout"
        case .bodyTimeout: "body_timeout"
        case .expectationFailed: "expectation_failed"
        case .versionNotSupported: "version_not_supported"
        case .notImplemented: "not_implemented"
        case .noRoute: "no_route"
        case .methodNotAllowed: "method_not_allowed"
        case .unauthenticated: "unauthenticated"
        case .forbidden: "forbidden"
        case .rateLimited: "rate_limited"
        case .noHealthyUpstream: "no_healthy_upstream"
        case .upstreamUnresolved: "upstream_unresolved"
        case .circuitOpen: "circuit_open"
        case .upstreamConnect: "upstream_connect"
        case .upstreamConnectTimeout: "upstream_connect_timeout"
        case .upstreamTLS: "upstream_tls"
        case .upstreamReset: "upstream_reset"
        case .upstreamTimeout: "upstream_timeout"
        case .upstreamProtocol: "upstream_protocol"
        case .upstreamHeadersTooLarge: "upstream_headers_too_large"
        case .upstreamTruncated: "upstream_truncated"
        case .upstreamBodyTimeout: "upstream_body_timeout"
        case .upstreamBodyTooLarge: "upstream_body_too_large"
        case .deadlineExceeded: "deadline_exceeded"
        case .filterFailed: "filter_failed"
        case .authUnavailable: "auth_unavailable"
        case .overloaded: "overloaded"
        case .draining: "draining"
        case .drainTimeout: "drain_timeout"
        case .internalError: "internal_error"
        }
    }
}

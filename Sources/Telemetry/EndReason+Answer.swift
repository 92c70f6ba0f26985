// What a client is told, and who has to act.

extension EndReason {
    /// Who has to act for the exchange to go well next time.
    package enum Blame: String, Sendable, CaseIterable { case nobody, client, gateway, upstream }

    package var blame: Blame {
        switch self {
        case .ok, .filterResponded: .nobody
        case .clientGone, .clientStalled, .badRequest, .uriTooLong, .headersTooLarge, .bodyTooLarge, .lengthRequired,
            .requestTimeout, .bodyTimeout, .expectationFailed, .versionNotSupported, .notImplemented, .noRoute,
            .methodNotAllowed, .unauthenticated, .forbidden, .rateLimited:
            .client
        case .noHealthyUpstream, .upstreamUnresolved, .circuitOpen, .upstreamConnect, .upstreamConnectTimeout,
            .upstreamTLS, .upstreamReset, .upstreamTimeout, .upstreamProtocol, .upstreamHeadersTooLarge,
            .upstreamTruncated,
            .upstreamBodyTimeout, .upstreamBodyTooLarge:
            .upstream
        case .deadlineExceeded, .filterFailed, .authUnavailable, .overloaded, .draining, .drainTimeout, .internalError:
            .gateway
        }
    }

    /// The status that the gateway answers with. 0: no answer of its own, either because the answer came from the
    /// upstream or a filter, or because the connection was cut in the middle of it.
    package var status: Int {
        switch self {
        case .ok, .filterResponded, .clientGone, .clientStalled, .upstreamTruncated, .upstreamBodyTimeout:
            0
        case .badRequest: 400
        case .unauthenticated: 401
        case .forbidden: 403
        case .noRoute: 404
        case .methodNotAllowed: 405
        case .requestTimeout, .bodyTimeout: 408
        case .lengthRequired: 411
        case .bodyTooLarge: 413
        case .uriTooLong: 414
        case .expectationFailed: 417
        case .rateLimited: 429
        case .headersTooLarge: 431
        case .internalError: 500
        case .notImplemented: 501
        case .upstreamConnect, .upstreamTLS, .upstreamReset, .upstreamProtocol, .upstreamHeadersTooLarge,
            .upstreamBodyTooLarge:
            502
        case .noHealthyUpstream, .upstreamUnresolved, .circuitOpen, .filterFailed, .authUnavailable, .overloaded,
            .draining, .drainTimeout:
            503
        case .upstreamConnectTimeout, .upstreamTimeout, .deadlineExceeded: 504
        case .versionNotSupported: 505
        }
    }

    /// A short phrase for the `title` of a problem document (RFC 9457 §3.1.4).
    package var title: StaticString {
        switch self {
        case .ok: "OK"
        case .filterResponded: "Answered by a filter"
        case .clientGone: "Client closed the connection"
        case .clientStalled: "Client stopped reading"
        case .badRequest: "Bad request"
        case .uriTooLong: "Request target too long"
        case .headersTooLarge: "Request header fields too large"
        case .bodyTooLarge: "Request body too large"
        case .lengthRequired: "Length required"
        case .requestTimeout: "Request head timed out"
        case .bodyTimeout: "Request body timed out"
        case .expectationFailed: "Expectation failed"
        case .versionNotSupported: "HTTP version not supported"
        case .notImplemented: "Not implemented"
        case .noRoute: "No route matches"
        case .methodNotAllowed: "Method not allowed"
        case .unauthenticated: "Authentication required"
        case .forbidden: "Forbidden"
        case .rateLimited: "Too many requests"
        case .noHealthyUpstream: "No upstream available"
        case .upstreamUnresolved: "Upstream has no address"
        case .circuitOpen: "Upstream suspended"
        case .upstreamConnect: "Upstream connection failed"
        case .upstreamConnectTimeout: "Upstream connection timed out"
        case .upstreamTLS: "Upstream TLS failed"
        case .upstreamReset: "Upstream closed the connection"
        case .upstreamTimeout: "Upstream timed out"
        case .upstreamProtocol: "Upstream sent an invalid response"
        case .upstreamHeadersTooLarge: "Upstream header fields too large"
        case .upstreamTruncated: "Upstream response incomplete"
        case .upstreamBodyTimeout: "Upstream response stalled"
        case .upstreamBodyTooLarge: "Upstream response too large"
        case .deadlineExceeded: "Request deadline exceeded"
        case .filterFailed: "Filter failed"
        case .authUnavailable: "Authentication not possible now"
        case .overloaded: "Gateway overloaded"
        case .draining: "Gateway shutting down"
        case .drainTimeout: "Gateway stopped"
        case .internalError: "Internal error"
        }
    }
}

/// The labels that metrics may carry, and where each one's id stands in a `SeriesKey`.
package enum MetricLabel: Sendable, CaseIterable {
    case route, upstream, listener, metric, worker, filter
    case method, target, phase
    case status, reason, retryReason, listenerState, upstreamState, outcome
    case luaResult, authDecision, limit, limitName, limitDecision, url, handshakeOutcome, owner, certificate, apiKey
    case version, swift, lua, result, filterName

    package var name: String {
        switch self {
        case .route: "route"
        case .upstream: "upstream"
        case .listener: "listener"
        case .metric: "metric"
        case .worker: "worker"
        case .filter, .filterName: "filter"
        case .phase: "phase"
        case .method: "method"
        case .target: "target"
        case .status: "status"
        case .reason, .retryReason: "reason"
        case .listenerState, .upstreamState: "state"
        case .outcome: "outcome"
        case .version: "version"
        case .swift: "swift"
        case .lua: "lua"
        case .result, .luaResult: "result"
        case .authDecision, .limitDecision: "decision"
        case .limit, .limitName: "limit"
        case .handshakeOutcome: "result"
        case .url: "url"
        case .owner: "owner"
        case .certificate: "certificate"
        case .apiKey: "key"
        }
    }
}

/// What an accepted connection is doing: `state` of `gateway_connections` and `gateway_upstream_connections`.
package enum ConnectionState: UInt8, CaseIterable, Sendable {
    /// Serving a request.
    case active
    /// Kept alive between two requests, or opened and still silent.
    case idle

    package var label: String { self == .active ? "active" : "idle" }
}

/// What became of a connection at a listener: `outcome` of `gateway_connections_total`.
package enum ConnectionOutcome: UInt8, CaseIterable, Sendable {
    case accepted
    /// Closed at once, because the gateway was at its connection limit.
    case shed
    /// `accept` failed: out of file descriptors or memory.
    case failed

    package var label: String {
        switch self {
        case .accepted: "accepted"
        case .shed: "shed"
        case .failed: "failed"
        }
    }
}

/// How a TLS handshake with a client went: `result` of `gateway_tls_handshakes_total`.
package enum HandshakeOutcome: UInt8, CaseIterable, Sendable {
    case full
    /// An earlier session was taken up.
    case resumed
    case failed
    case timedOut
    /// The client spoke HTTP without TLS.
    case plainHTTP

    package var label: String {
        switch self {
        case .full: "full"
        case .resumed: "resumed"
        case .failed: "failed"
        case .timedOut: "timeout"
        case .plainHTTP: "plain_http"
        }
    }
}

/// Why a request was sent to an upstream again: `reason` of `gateway_upstream_retries_total`.
package enum RetryReason: UInt8, CaseIterable, Sendable {
    /// A pooled connection turned out to be closed before any byte of a response.
    case stale
    case connect
    case reset

    package var label: String {
        switch self {
        case .stale: "stale"
        case .connect: "connect"
        case .reset: "reset"
        }
    }
}

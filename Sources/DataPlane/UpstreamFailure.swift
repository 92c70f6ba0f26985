/// Why a try at an upstream failed.
package enum UpstreamFailure: Error, Sendable, Equatable {
    /// The cluster has no endpoint to offer.
    case noEndpoint
    /// No name of the cluster has been resolved yet.
    case unresolved
    /// The connect was refused or unreachable; the errno value.
    case connect(Int32)
    case connectTimeout
    /// The TLS handshake failed.
    case tls
    /// Out of descriptors or memory for a connection.
    case exhausted
    /// The connection ended or was reset before any byte of the response.
    case resetBeforeResponse
    /// It ended inside the response head.
    case resetInHead
    case responseTimeout
    /// The response broke the protocol (RFC 9112).
    case invalid
    case headersTooLarge
    /// The body ended before its length, or broke its chunked coding.
    case truncated

    /// Whether a connection that had been idle may have died of that, without the server having seen the request.
    var isStaleConnection: Bool { self == .resetBeforeResponse }
}

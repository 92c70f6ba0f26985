// The pages behind `gateway help CODE` and docs/errors.md.

extension EndReason {
    /// What happened and what to check.
    package var explanation: String {
        switch self {
        case .ok: Explanation.ok
        case .filterResponded: Explanation.filterResponded
        case .clientGone: Explanation.clientGone
        case .clientStalled: Explanation.clientStalled
        case .badRequest: Explanation.badRequest
        case .uriTooLong: Explanation.uriTooLong
        case .headersTooLarge: Explanation.headersTooLarge
        case .bodyTooLarge: Explanation.bodyTooLarge
        case .lengthRequired: Explanation.lengthRequired
        case .requestTimeout: Explanation.requestTimeout
        case .bodyTimeout: Explanation.bodyTimeout
        case .expectationFailed: Explanation.expectationFailed
        case .versionNotSupported: Explanation.versionNotSupported
        case .notImplemented: Explanation.notImplemented
        case .noRoute: Explanation.noRoute
        case .methodNotAllowed: Explanation.methodNotAllowed
        case .unauthenticated: Explanation.unauthenticated
        case .forbidden: Explanation.forbidden
        case .rateLimited: Explanation.rateLimited
        case .noHealthyUpstream: Explanation.noHealthyUpstream
        case .upstreamUnresolved: Explanation.upstreamUnresolved
        case .circuitOpen: Explanation.circuitOpen
        case .upstreamConnect: Explanation.upstreamConnect
        case .upstreamConnectTimeout: Explanation.upstreamConnectTimeout
        case .upstreamTLS: Explanation.upstreamTLS
        case .upstreamReset: Explanation.upstreamReset
        case .upstreamTimeout: Explanation.upstreamTimeout
        case .upstreamProtocol: Explanation.upstreamProtocol
        case .upstreamHeadersTooLarge: Explanation.upstreamHeadersTooLarge
        case .upstreamTruncated: Explanation.upstreamTruncated
        case .upstreamBodyTimeout: Explanation.upstreamBodyTimeout
        case .upstreamBodyTooLarge: Explanation.upstreamBodyTooLarge
        case .deadlineExceeded: Explanation.deadlineExceeded
        case .filterFailed: Explanation.filterFailed
        case .authUnavailable: Explanation.authUnavailable
        case .overloaded: Explanation.overloaded
        case .draining: Explanation.draining
        case .drainTimeout: Explanation.drainTimeout
        case .internalError: Explanation.internalError
        }
    }
}

private enum Explanation {
    static let ok = """
        The exchange ended as it should: the whole response was sent. The status may still be an error, if that is \
        what the upstream said; the gateway passed it on.
        """
    static let filterResponded = """
        A filter of the route answered instead of the upstream, with a status of its own choosing. The route's \
        middleware list tells which ones there are. Nothing failed.
        """
    static let clientGone = """
        The client closed or reset its connection before the response was complete. Typical causes: a client timeout \
        shorter than the upstream's answer takes, a user who navigated away, a load balancer in front that gave up. \
        Compare `duration_ms` with the client's timeout.
        """
    static let clientStalled = """
        The client stopped reading in the middle of the response and made no progress for `timeouts.body_idle`, so \
        the connection was closed. Typical causes: a dead network path, a paused download, a client that was \
        suspended.
        """
    static let badRequest = """
        The request was malformed or ambiguous, so it was refused before anything of it reached an upstream, and the \
        connection was closed. Examples: both Content-Length and Transfer-Encoding, a missing or doubled Host, \
        control bytes in a header, an encoded slash or an invalid escape in the path. Look at what the client sends; \
        the gateway does not repair requests, because two servers that repair differently can be played against each \
        other.
        """
    static let uriTooLong = """
        The request line is longer than `limits.request_line`. Usually a query string that should be a body. Raise \
        the limit only if the upstream accepts lines of that length too.
        """
    static let headersTooLarge = """
        The request head is larger than `limits.headers`, or has more fields than `limits.header_count`. Most often \
        cookies have piled up: check what the client's browser holds for this domain.
        """
    static let bodyTooLarge = """
        The request body is larger than the limit that applies: `limits.body` at the top level, `limits.body` of the \
        route, or a `request-size` filter. With a Content-Length it is refused before any byte is read, a chunked \
        body as soon as it passes the limit.
        """
    static let lengthRequired = """
        A `request-size` filter with `require_content_length` refused a request whose length is not announced. The \
        client has to send Content-Length instead of a chunked body.
        """
    static let requestTimeout = """
        The client did not send a complete request head within `timeouts.request_head` of its first byte. A slow or \
        broken network path, or a client that opens connections and holds them (slowloris).
        """
    static let bodyTimeout = """
        The client made no progress in sending the request body for `timeouts.body_idle`. A slow or broken upload, \
        or a Content-Length larger than what the client really sends.
        """
    static let expectationFailed = """
        The request has an `Expect` field with something other than `100-continue`, which is the only expectation \
        that HTTP defines.
        """
    static let versionNotSupported = """
        The request line names an HTTP version other than 1.0 and 1.1.
        """
    static let notImplemented = """
        The request uses a part of HTTP that the gateway does not offer: a CONNECT request, or a transfer coding \
        other than chunked. A client that sends CONNECT takes the gateway for a forward proxy; check its proxy \
        settings.
        """
    static let noRoute = """
        No route matches the host, path, headers and query of the request. `gateway explain METHOD URL` shows what \
        was compared and which routes came near. Remember that the path is normalised before it is matched.
        """
    static let methodNotAllowed = """
        A route matches the host and path, but none of those that do allows this method. The `Allow` field of the \
        answer lists the methods that would match.
        """
    static let unauthenticated = """
        An authentication filter found no credentials, or none that are valid. The `WWW-Authenticate` field of the \
        answer says which kind is expected. The reason for a refusal is in the gateway's log, not in the answer.
        """
    static let forbidden = """
        The client is known but not allowed to do this: a required claim, scope or address does not match.
        """
    static let rateLimited = """
        The client exceeded a rate limit of the route. The `RateLimit` and `Retry-After` fields of the answer say \
        which and for how long.
        """
    static let noHealthyUpstream = """
        The route's upstream has addresses, but none that may be used: every target has weight 0, is failing its \
        health checks, or was tried already. See `/upstreams` of the admin API.
        """
    static let upstreamUnresolved = """
        No address is known for the upstream: the host names of its targets have not resolved since the start. The \
        gateway keeps trying every 30 s. Check the names in `targets` and the resolver of the machine or container \
        (`getent hosts NAME`).
        """
    static let circuitOpen = """
        The circuit breaker of the upstream is open after too many failures, so requests are refused at once to let \
        it recover. `/upstreams` of the admin API shows since when and what failed.
        """
    static let upstreamConnect = """
        The connection to the upstream was refused or could not be made. Check that the target listens on that \
        address and port, and that no firewall rejects the gateway. No byte of the request was sent.
        """
    static let upstreamConnectTimeout = """
        The upstream did not accept a connection within `connect_timeout`. Typical causes: a firewall that drops \
        packets, a host that is gone, a listen queue that is full.
        """
    static let upstreamTLS = """
        The TLS handshake with the upstream failed: its certificate is not valid for the name, is expired, or is \
        signed by nobody whom `tls.ca` trusts; it wants a client certificate; or the port speaks no TLS. The log has \
        OpenSSL's words. Try `openssl s_client -connect host:port -servername name`.
        """
    static let upstreamReset = """
        The upstream closed or reset the connection before it sent a response head. Typical causes: a crash or \
        restart while serving the request, or an idle timeout of the upstream that is shorter than the gateway's \
        `keep_alive.idle`. Whether the upstream acted on the request is unknown.
        """
    static let upstreamTimeout = """
        The upstream accepted the request but sent no response head within `response_timeout`. Look for a slow \
        handler or query there; raise the limit only if such requests are meant to take that long.
        """
    static let upstreamProtocol = """
        The upstream's response breaks HTTP/1.1: no valid status line, an invalid header, contradicting lengths, an \
        unknown transfer coding. The gateway is as strict here as with requests. Try `curl -v` against the target; a \
        common cause is a port that speaks TLS or something other than HTTP.
        """
    static let upstreamHeadersTooLarge = """
        The head of the upstream's response is larger than `limits.headers` or has more fields than \
        `limits.header_count`. Usually a great number of `Set-Cookie` fields.
        """
    static let upstreamTruncated = """
        The upstream closed the connection, or broke the chunked coding, in the middle of the response body. The \
        status had already been passed on, so the gateway cut the client's connection to make the loss visible. Look \
        for crashes, worker time limits and disk-space errors at the upstream.
        """
    static let upstreamBodyTimeout = """
        The upstream made no progress in sending the response body for `timeouts.body_idle`. The status had already \
        been passed on, so the client's connection was cut.
        """
    static let upstreamBodyTooLarge = """
        A filter of the route reads responses whole, and this one is longer than the filter's `limits.body`. It did \
        not pass unseen: the client got 502. Raise the limit, or use `when` to keep the filter away from such responses.
        """
    static let deadlineExceeded = """
        The whole exchange, with all tries, took longer than `timeouts.request` (or the route's own). If the \
        response had not begun, the client got 504; otherwise its connection was cut. Compare `upstream_ms` with \
        `duration_ms` in the access log to see where the time went.
        """
    static let filterFailed = """
        A filter of the route failed by its own fault, or is left out because it failed too often, and is set to \
        fail closed: the client got 503, or 502 when the upstream had answered already. The gateway's log has the \
        error with the filter's name and the request id.
        """
    static let authUnavailable = """
        Nobody can say now whether the client may pass: the keys of its issuer have never been fetched, are too old, \
        or the authorisation service does not answer. Requests are refused until they can be checked. See the log, \
        `gateway_auth_decisions_total` with `unavailable`, and whether the gateway reaches the issuer.
        """
    static let overloaded = """
        The gateway refused the request because it is at a limit of its own: connections, file descriptors or \
        memory. See `limits.connections` and `process_open_fds`; add capacity or raise the limit.
        """
    static let draining = """
        The gateway is shutting down and takes no new requests on this connection. Clients should try again; a load \
        balancer that honours `/readyz` stops sending before this happens.
        """
    static let drainTimeout = """
        The exchange was still running when `timeouts.drain` ended, and was cut so that the process could stop. \
        Raise the limit if long transfers are to survive a restart.
        """
    static let internalError = """
        The gateway made a mistake. The log has an error with the same request id; please report it with the version \
        that `gateway version` prints.
        """
}

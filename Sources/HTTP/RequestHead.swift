package import CHeaderTable

/// One header field line as offsets into the bytes of the head; see `CHeaderTable.h`.
package typealias HeaderField = gw_header_field

/// How the end of a message body is found (RFC 9112 §6.3).
package enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked
    /// Responses only: the body ends with the connection.
    case untilClose
}

/// The form of a request target (RFC 9112 §3.2).
package enum TargetForm: Equatable, Sendable { case origin, absolute, authority, asterisk }

/// A parsed request head: offsets and decisions, no bytes. Offsets count from the first byte of the head.
///
/// Reused from request to request, so that parsing allocates nothing once `fields` has grown.
package struct RequestHead: Sendable {
    package var method = Method.get
    package var methodRange = 0..<0
    package var targetForm = TargetForm.origin
    /// Path of the target, without the query; for `*` and authority form the whole target.
    package var pathRange = 0..<0
    /// Query without its question mark; nil when there is no question mark.
    package var queryRange: Range<Int>?
    /// Host and optional port of the target URI: an absolute target's authority, else the Host field (RFC 9110 §7.2).
    package var authorityRange = 0..<0
    /// 0 or 1: HTTP/1.0 or HTTP/1.1.
    package var minorVersion = 1
    package var fields: [HeaderField] = []
    package var framing = BodyFraming.none
    /// Whether the client lets the connection live on (RFC 9112 §9.3).
    package var isKeepAlive = true
    package var expectsContinue = false
    /// Bytes of the head with its empty line.
    package var byteCount = 0
    /// Bit n is set when a field whose `KnownHeader` has raw value n is present.
    package var knownHeaders: UInt64 = 0

    package init() {}
}

/// A parsed response head; the counterpart of `RequestHead` (RFC 9112 §4).
package struct ResponseHead: Sendable {
    package var status = 0
    package var reasonRange = 0..<0
    package var minorVersion = 1
    package var fields: [HeaderField] = []
    package var framing = BodyFraming.none
    package var isKeepAlive = true
    package var byteCount = 0
    package var knownHeaders: UInt64 = 0

    package init() {}
}

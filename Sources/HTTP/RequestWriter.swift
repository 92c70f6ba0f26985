package import Bytes
import CHeaderTable

/// Writes the request head that goes upstream: the client's, minus what ends here, plus what a gateway must say
/// (RFC 9112 §3, RFC 9110 §7.6).
package enum RequestWriter {
    /// What the gateway knows about where a request came from.
    package struct Forwarded: Sendable {
        /// Whether the peer's own X-Forwarded fields and request id are believed (`trusted_proxies`).
        package var isPeerTrusted: Bool
        package var isTLS: Bool

        package init(isPeerTrusted: Bool, isTLS: Bool) {
            self.isPeerTrusted = isPeerTrusted
            self.isTLS = isTLS
        }
    }

    /// Upper bound of what `write` appends for the same arguments.
    package static func byteCountMax(
        _ head: borrowing RequestHead, path: Span<UInt8>, query: Span<UInt8>, host: Span<UInt8>,
        edits: HeaderEdits, peer: Span<UInt8>, requestID: Span<UInt8>
    ) -> Int {
        head.byteCount + path.count + query.count + host.count + edits.byteCount + peer.count + requestID.count
            + head.authorityRange.count + 512
    }

    /// Appends the head to `out`, which must have room for `byteCountMax` bytes.
    ///
    /// Fields go on in the client's order and spelling. Left out are hop-by-hop fields, fields dropped by policy, and
    /// what is made anew: Host, Content-Length and Transfer-Encoding, X-Forwarded-For (the peer appended to the list of
    /// a trusted one), X-Forwarded-Proto and -Host and X-Request-Id (kept from a trusted peer), Forwarded (kept from a
    /// trusted peer, else dropped). Via gets a line of its own behind the client's.
    ///
    /// - Parameters:
    ///   - bytes: the client's head, which `head` has offsets into.
    ///   - method: the token; the client's unless a filter changed it.
    ///   - path: normalised and rewritten; `/` is sent for an empty one.
    ///   - query: without its question mark; not sent unless `hasQuery`.
    ///   - host: the Host to send, which an edit of `host` overrules.
    ///   - framing: of the body as it will be sent.
    ///   - peer: text of the client's address.
    package static func write(
        _ head: borrowing RequestHead, bytes: Span<UInt8>, method: Span<UInt8>, path: Span<UInt8>, query: Span<UInt8>,
        hasQuery: Bool, host: Span<UInt8>, framing: BodyFraming, edits: HeaderEdits, forwarded: Forwarded,
        peer: Span<UInt8>, requestID: Span<UInt8>, into out: ByteBuffer
    ) {
        out.append(method)
        out.append(UInt8(ascii: " "))
        if path.isEmpty { out.append(UInt8(ascii: "/")) } else { out.append(path) }
        if hasQuery {
            out.append(UInt8(ascii: "?"))
            out.append(query)
        }
        out.append(" HTTP/1.1\r\nhost: ")
        if !edits.withValue(of: .host, { out.append($0) }) { out.append(host) }
        out.append("\r\n")

        let kept = keptSet(head, bytes: bytes, isPeerTrusted: forwarded.isPeerTrusted)
        if head.fields.count > 0 {
            let fieldsStart = Int(head.fields[0].name_start)
            FieldRuns.write(
                head.fields, bytes: bytes, from: fieldsStart, fieldsStart: fieldsStart, omitted: madeSet & ~kept,
                edits: edits, into: out)
        }
        writeForwarded(head, bytes: bytes, forwarded: forwarded, made: ~(kept | edits.replacedSet), peer: peer, to: out)
        if (kept | edits.replacedSet) & KnownHeader.xRequestId.bit == 0 {
            out.append("x-request-id: ")
            out.append(requestID)
            out.append("\r\n")
        }
        if edits.replacedSet & KnownHeader.via.bit == 0 {
            out.append(head.minorVersion == 0 ? "via: 1.0 gateway\r\n" : "via: 1.1 gateway\r\n")
        }
        if head.has(.te) && head.hasToken("trailers", in: .te, bytes: bytes) {
            out.append("te: trailers\r\nconnection: te\r\n")
        }
        if !edits.isEmpty { edits.write(into: out) }
        writeEnd(framing, to: out)
    }

    /// Fields that the writer makes itself, or leaves out, unless they are kept.
    private static let madeSet: UInt64 =
        KnownHeader.host.bit | KnownHeader.contentLength.bit | KnownHeader.transferEncoding.bit
        | KnownHeader.xForwardedFor.bit | trustedSet

    /// Fields that a trusted peer may have made.
    private static let trustedSet: UInt64 =
        KnownHeader.xForwardedProto.bit | KnownHeader.xForwardedHost.bit | KnownHeader.xRequestId.bit
        | KnownHeader.forwarded.bit

    /// Which fields of `trustedSet` go on as they came: those of a trusted peer that `Connection` does not name.
    private static func keptSet(
        _ head: borrowing RequestHead, bytes: Span<UInt8>, isPeerTrusted: Bool
    ) -> UInt64 {
        guard isPeerTrusted, head.knownHeaders & trustedSet != 0 else { return 0 }
        var kept = head.knownHeaders & trustedSet
        for index in head.fields.indices where head.fields[index].flags != 0 {
            kept &= ~(1 &<< UInt64(head.fields[index].known))
        }
        if kept & KnownHeader.xRequestId.bit != 0 && head.acceptableRequestID(in: bytes) == nil {
            kept &= ~KnownHeader.xRequestId.bit
        }
        return kept
    }

    private static func writeForwarded(
        _ head: borrowing RequestHead, bytes: Span<UInt8>, forwarded: Forwarded, made: UInt64, peer: Span<UInt8>,
        to out: ByteBuffer
    ) {
        if made & KnownHeader.xForwardedFor.bit != 0 {
            out.append("x-forwarded-for: ")
            if forwarded.isPeerTrusted && head.has(.xForwardedFor) {
                for index in head.fields.indices where head.fields[index].known == KnownHeader.xForwardedFor.rawValue {
                    let field = head.fields[index]
                    guard field.flags == 0 && field.value_count > 0 else { continue }
                    out.append(bytes.extracting(field.valueRange))
                    out.append(", ")
                }
            }
            out.append(peer)
            out.append("\r\n")
        }
        if made & KnownHeader.xForwardedProto.bit != 0 {
            out.append(forwarded.isTLS ? "x-forwarded-proto: https\r\n" : "x-forwarded-proto: http\r\n")
        }
        if made & KnownHeader.xForwardedHost.bit != 0 && !head.authorityRange.isEmpty {
            out.append("x-forwarded-host: ")
            out.append(bytes.extracting(head.authorityRange))
            out.append("\r\n")
        }
    }

    private static func writeEnd(_ framing: BodyFraming, to out: ByteBuffer) {
        switch framing {
        case .none:
            out.append("\r\n")
        case .length(let count):
            out.append("content-length: ")
            out.append(decimal: count)
            out.append("\r\n\r\n")
        case .chunked:
            out.append("transfer-encoding: chunked\r\n\r\n")
        case .untilClose:
            preconditionFailure("a request cannot end with its connection")
        }
    }
}

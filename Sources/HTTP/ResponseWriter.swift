package import Bytes
import CHeaderTable

/// Writes the response head that goes to the client: the upstream's, minus what ends here, plus what a gateway must
/// say (RFC 9112 §4, RFC 9110 §7.6).
package enum ResponseWriter {
    /// Upper bound of what `write` appends for the same arguments.
    package static func byteCountMax(_ head: borrowing ResponseHead, edits: HeaderEdits) -> Int {
        head.byteCount + edits.byteCount + 320
    }

    /// Appends the head to `out`, which must have room for `byteCountMax` bytes.
    ///
    /// Fields go on in the upstream's order and spelling, hop-by-hop and framing fields left out. The reason phrase is
    /// the upstream's; with an empty `reasonRange` it is the registered one, so a filter that changes `status` empties
    /// the range. Responses to HEAD and 304 keep the Content-Length of the body that they do not have.
    ///
    /// - Parameters:
    ///   - bytes: the upstream's head, which `head` has offsets into.
    ///   - framing: of the body as it will be sent; not `chunked` for an HTTP/1.0 client.
    ///   - closes: whether the connection ends with this response.
    ///   - date: value of a Date to add when the upstream sent none (RFC 9110 §6.6.1).
    package static func write(
        _ head: borrowing ResponseHead, bytes: Span<UInt8>, framing: BodyFraming, clientMinorVersion: Int,
        closes: Bool, date: Span<UInt8>, edits: HeaderEdits, into out: ByteBuffer
    ) {
        let isInterim = head.status < 200
        let keepsLength =
            !isInterim && head.status != 204 && framing == head.framing && head.has(.contentLength)
        var omitted = KnownHeader.transferEncoding.bit
        if !keepsLength { omitted |= KnownHeader.contentLength.bit }

        let fieldsStart = head.fields.count > 0 ? Int(head.fields[0].name_start) : 0
        let runStart = writeStatusLine(head, fieldsStart: fieldsStart, to: out)
        FieldRuns.write(
            head.fields, bytes: bytes, from: runStart, fieldsStart: fieldsStart, omitted: omitted, edits: edits,
            into: out)
        if edits.replacedSet & KnownHeader.via.bit == 0 {
            out.append(head.minorVersion == 0 ? "via: 1.0 gateway\r\n" : "via: 1.1 gateway\r\n")
        }
        if !isInterim {
            if (head.knownHeaders | edits.replacedSet) & KnownHeader.date.bit == 0 {
                out.append("date: ")
                out.append(date)
                out.append("\r\n")
            }
            if closes {
                out.append("connection: close\r\n")
            } else if clientMinorVersion == 0 {
                out.append("connection: keep-alive\r\n")
            }
        }
        if !edits.isEmpty { edits.write(into: out) }
        writeEnd(framing, keepsLength: keepsLength, to: out)
    }

    /// - Returns: where the first run of bytes to copy begins: at the start of the head when its status line can be
    ///   sent as it came.
    @inline(__always)
    private static func writeStatusLine(
        _ head: borrowing ResponseHead, fieldsStart: Int, to out: ByteBuffer
    ) -> Int {
        if head.minorVersion == 1 && !head.reasonRange.isEmpty && fieldsStart > 0 { return 0 }
        out.append("HTTP/1.1 ")
        out.append(decimal: head.status)
        out.append(UInt8(ascii: " "))
        out.append(StatusPhrase.phrase(for: head.status))
        out.append("\r\n")
        return fieldsStart
    }

    private static func writeEnd(_ framing: BodyFraming, keepsLength: Bool, to out: ByteBuffer) {
        switch framing {
        case .none, .untilClose:
            out.append("\r\n")
        case .length(let count):
            if keepsLength {
                out.append("\r\n")
            } else {
                out.append("content-length: ")
                out.append(decimal: count)
                out.append("\r\n\r\n")
            }
        case .chunked:
            out.append("transfer-encoding: chunked\r\n\r\n")
        }
    }
}

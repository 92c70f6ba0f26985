import Bytes

/// Parses response heads of upstreams as their bytes come in, as strictly as requests (RFC 9112 §4 to §6).
///
/// - Limits: see `RequestLimits`.
package struct ResponseParser: Sendable {
    private let limits: RequestLimits
    private var isInFields = false
    private var seenCount = 0
    private var section: FieldSection

    package init(limits: RequestLimits) {
        self.limits = limits
        section = FieldSection(limits: limits)
    }

    /// Forgets the head in progress, so that the next call begins one.
    package mutating func reset() {
        isInFields = false
        seenCount = 0
    }

    /// Continues with `bytes`, which begin with the first byte of the head.
    ///
    /// - Parameter requestMethod: of the request that is being answered; it decides whether a body can follow.
    /// - Returns: true when the head is complete; `head.byteCount` then tells where the body starts, and the parser
    ///   is ready for the next head (a 1xx has another one behind it).
    package mutating func parse(
        _ bytes: Span<UInt8>, into head: inout ResponseHead, requestMethod: Method
    ) throws(ResponseError) -> Bool {
        if !isInFields {
            guard try parseStatusLine(bytes, into: &head) else { return false }
        }
        let end: Int?
        do throws(FieldError) {
            end = try section.parse(
                bytes, fields: &head.fields, knownHeaders: &head.knownHeaders, minorVersion: head.minorVersion)
        } catch {
            throw .field(error)
        }
        guard let end else { return false }
        head.byteCount = end
        try finish(head: &head, requestMethod: requestMethod)
        reset()
        return true
    }

    private mutating func parseStatusLine(
        _ bytes: Span<UInt8>, into head: inout ResponseHead
    ) throws(ResponseError) -> Bool {
        let end = limits.lineBytesMax
        let window = bytes.extracting(first: min(bytes.count, end))
        if seenCount > 0, window.count < end,
            ByteScanner.firstIndex(of: Delimiter.lf, in: window, from: seenCount) == window.count
        {
            seenCount = window.count
            return false
        }
        guard let fieldsStart = try StatusLine.parse(window, into: &head) else {
            guard window.count < end else { throw .lineTooLong }
            seenCount = window.count
            return false
        }
        head.fields.removeAll(keepingCapacity: true)
        head.knownHeaders = 0
        section.begin(at: fieldsStart)
        isInFields = true
        return true
    }

    /// RFC 9112 §6.3: which body follows.
    ///
    /// A Transfer-Encoding in a 1xx or 204 is refused (§6.1 forbids it), so is a Content-Length other than 0: an
    /// upstream that announces a body there may send it, and it would be read as the next response. `Content-Length: 0`
    /// is common there and harmless. HEAD and 304 describe the body that GET would have; none follows.
    private mutating func finish(head: inout ResponseHead, requestMethod: Method) throws(ResponseError) {
        let options = section.connection
        head.isKeepAlive = !options.hasClose && (head.minorVersion == 1 || options.hasKeepAlive)
        if head.status < 200 || head.status == 204 {
            guard !section.framing.isChunked && (section.framing.contentLength ?? 0) == 0 else {
                throw .contentNotAllowed
            }
            head.framing = .none
        } else if requestMethod == .head || head.status == 304
            || (requestMethod == .connect && head.status < 300)
        {
            head.framing = .none
        } else if section.framing.isChunked {
            head.framing = .chunked
        } else if let length = section.framing.contentLength {
            head.framing = .length(length)
        } else {
            head.framing = .untilClose
            head.isKeepAlive = false
        }
    }
}

import Bytes

/// Parses request heads as their bytes come in, strictly (RFC 9112 §2 to §6).
///
/// Call `parse` with everything received of the head so far; complete lines are not read again, and the beginning of
/// one only when its end has come. Whatever way the bytes are split over calls, the outcome is the same.
///
/// - Limits: see `RequestLimits`; at most `emptyLineCountMax` empty lines before the request line.
package struct RequestParser: Sendable {
    /// RFC 9112 §2.2 asks servers to bear at least one, for clients that end a body with a CRLF too many.
    package static let emptyLineCountMax = 2

    private enum Phase: Sendable { case requestLine, fields }

    private let limits: RequestLimits
    private var phase = Phase.requestLine
    private var lineStart = 0
    private var seenCount = 0
    private var section: FieldSection

    package init(limits: RequestLimits) {
        self.limits = limits
        section = FieldSection(limits: limits)
    }

    /// Forgets the head in progress, so that the next call begins one.
    package mutating func reset() {
        phase = .requestLine
        lineStart = 0
        seenCount = 0
    }

    /// Continues with `bytes`, which begin with the first byte of the head.
    ///
    /// - Returns: true when the head is complete; `head.byteCount` then tells where the body starts, and the parser
    ///   is ready for the next head.
    /// - Throws: the connection has no further use then.
    package mutating func parse(_ bytes: Span<UInt8>, into head: inout RequestHead) throws(RequestError) -> Bool {
        if case .requestLine = phase {
            guard try parseRequestLine(bytes, into: &head) else { return false }
        }
        let end: Int?
        do throws(FieldError) {
            end = try section.parse(
                bytes, fields: &head.fields, knownHeaders: &head.knownHeaders, minorVersion: head.minorVersion)
        } catch {
            throw .field(error)
        }
        guard let end else { return false }
        try finish(bytes, end: end, head: &head)
        reset()
        return true
    }

    private mutating func parseRequestLine(
        _ bytes: Span<UInt8>, into head: inout RequestHead
    ) throws(RequestError) -> Bool {
        if seenCount <= lineStart {
            guard try skipEmptyLines(bytes) else { return false }
        }
        let end = lineStart &+ limits.lineBytesMax
        let window = bytes.extracting(first: min(bytes.count, end))
        if seenCount > lineStart, window.count < end,
            ByteScanner.firstIndex(of: Delimiter.lf, in: window, from: seenCount) == window.count
        {
            seenCount = window.count
            return false
        }
        guard let fieldsStart = try RequestLine.parse(window, at: lineStart, into: &head) else {
            guard window.count < end else { throw .lineTooLong }
            seenCount = window.count
            return false
        }
        head.fields.removeAll(keepingCapacity: true)
        head.knownHeaders = 0
        section.begin(at: fieldsStart)
        phase = .fields
        return true
    }

    /// Moves `lineStart` behind empty lines; false when there is nothing behind them yet.
    private mutating func skipEmptyLines(_ bytes: Span<UInt8>) throws(RequestError) -> Bool {
        while lineStart < bytes.count {
            let byte = bytes[lineStart]
            if byte == Delimiter.lf { throw .bareLineFeed }
            guard byte == Delimiter.cr else { return true }
            guard lineStart &+ 1 < bytes.count else { return false }
            guard bytes[lineStart &+ 1] == Delimiter.lf else { throw .bareCarriageReturn }
            lineStart &+= 2
            seenCount = lineStart
            guard lineStart <= 2 * Self.emptyLineCountMax else { throw .tooManyEmptyLines }
        }
        return false
    }

    /// Decides what follows from all fields together.
    // Mutating only so that the parser is not copied for the call.
    private mutating func finish(_ bytes: Span<UInt8>, end: Int, head: inout RequestHead) throws(RequestError) {
        head.byteCount = end
        try finishAuthority(bytes, head: &head)
        if section.framing.isChunked {
            head.framing = .chunked
        } else if let length = section.framing.contentLength {
            head.framing = .length(length)
        } else {
            head.framing = .none
        }
        let options = section.connection
        head.isKeepAlive = !options.hasClose && (head.minorVersion == 1 || options.hasKeepAlive)
        head.expectsContinue = false
        if section.expectIndex >= 0 && head.minorVersion == 1 && head.framing != .none {
            let value = bytes.extracting(head.fields[section.expectIndex].valueRange)
            head.expectsContinue = ASCII.equalIgnoringCase(value, ("100-continue" as StaticString).bytes)
        }
    }

    /// RFC 9112 §3.2: exactly one valid Host, which an absolute target overrules; HTTP/1.0 may do without.
    private mutating func finishAuthority(_ bytes: Span<UInt8>, head: inout RequestHead) throws(RequestError) {
        guard section.hostIndex >= 0 else {
            guard head.minorVersion == 0 else { throw .hostMissing }
            return
        }
        guard !section.isHostRepeated else { throw .hostRepeated }
        let range = head.fields[section.hostIndex].valueRange
        guard Authority.parse(bytes.extracting(range)) != nil else { throw .hostInvalid }
        if head.targetForm == .origin || head.targetForm == .asterisk { head.authorityRange = range }
    }
}

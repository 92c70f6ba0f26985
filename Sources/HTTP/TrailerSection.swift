import Bytes
import CHeaderTable

/// The field lines behind the last chunk (RFC 9112 §7.1.2), gathered line by line, since no buffer keeps them together.
struct TrailerSection: Sendable {
    private let limits: RequestLimits
    private var line: [UInt8] = []
    private var byteCount = 0
    private var fieldCount = 0
    /// Lines of the fields that may stand in trailers, each with its CRLF.
    private(set) var allowed: [UInt8] = []

    init(limits: RequestLimits) {
        self.limits = limits
    }

    mutating func reset() {
        line.removeAll(keepingCapacity: true)
        allowed.removeAll(keepingCapacity: true)
        byteCount = 0
        fieldCount = 0
    }

    /// Reads from `offset` on; true when the empty line that ends the section was read.
    mutating func read(_ input: Span<UInt8>, from offset: inout Int) throws(ChunkError) -> Bool {
        while offset < input.count {
            let byte = input[offset]
            offset &+= 1
            if line.last == Delimiter.cr && byte != Delimiter.lf { throw .trailer(.bareCarriageReturn) }
            line.append(byte)
            byteCount += 1
            guard byteCount <= limits.trailerBytesMax else { throw .trailerTooLarge }
            guard byte == Delimiter.lf else { continue }
            if line.count == 2 && line[0] == Delimiter.cr { return true }
            try finishLine()
        }
        return false
    }

    private mutating func finishLine() throws(ChunkError) {
        fieldCount += 1
        guard fieldCount <= limits.headerCountMax else { throw .trailer(.tooManyFields) }
        let parsed: HeaderField?
        do throws(FieldError) {
            parsed = try FieldLine.parse(line.span, at: 0, underscores: limits.underscores)
        } catch {
            throw .trailer(error)
        }
        // A line that ends in LF is complete or invalid; nil would be a bare LF that the parser missed.
        guard let parsed else { throw .trailer(.bareLineFeed) }
        if Self.isAllowed(parsed, in: line.span) { allowed.append(contentsOf: line) }
        line.removeAll(keepingCapacity: true)
    }

    /// Known fields that decide about framing, routing, authentication, caching or the connection: read in trailers,
    /// they would act behind the back of whoever judged the head.
    private static let forbiddenSet: UInt64 =
        HopByHop.knownSet | KnownHeader.host.bit | KnownHeader.contentLength.bit | KnownHeader.expect.bit
        | KnownHeader.xForwardedFor.bit | KnownHeader.xForwardedProto.bit | KnownHeader.xForwardedHost.bit
        | KnownHeader.xRequestId.bit | KnownHeader.via.bit | KnownHeader.forwarded.bit | KnownHeader.date.bit
        | KnownHeader.location.bit | KnownHeader.authorization.bit | KnownHeader.cookie.bit
        | KnownHeader.setCookie.bit | KnownHeader.origin.bit | KnownHeader.contentType.bit
        | KnownHeader.contentEncoding.bit | KnownHeader.cacheControl.bit | KnownHeader.vary.bit
        | KnownHeader.range.bit | KnownHeader.traceparent.bit | KnownHeader.tracestate.bit
        | KnownHeader.xApiKey.bit | KnownHeader.allow.bit | KnownHeader.retryAfter.bit

    static func isAllowed(_ field: HeaderField, in line: Span<UInt8>) -> Bool {
        guard !field.isHopByHop && !field.isDropped else { return false }
        guard (forbiddenSet &>> UInt64(field.known)) & 1 == 0 else { return false }
        let name = line.extracting(field.nameRange)
        return !hasPrefix(name, "content-") && !hasPrefix(name, "if-") && !hasPrefix(name, "proxy-")
            && !hasPrefix(name, "x-forwarded-") && !equals(name, "www-authenticate") && !equals(name, "age")
            && !equals(name, "expires") && !equals(name, "pragma") && !equals(name, "max-forwards")
            && !equals(name, "x-real-ip")
    }

    private static func hasPrefix(_ name: Span<UInt8>, _ prefix: StaticString) -> Bool {
        let prefix = prefix.bytes
        return ASCII.equalIgnoringCase(name.extracting(first: prefix.count), prefix)
    }

    private static func equals(_ name: Span<UInt8>, _ other: StaticString) -> Bool {
        ASCII.equalIgnoringCase(name, other.bytes)
    }
}

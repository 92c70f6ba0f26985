import Bytes

/// `method SP target SP HTTP-version CRLF` (RFC 9112 §3), exactly: no other whitespace, no lone CR or LF.
enum RequestLine {
    /// Bytes in a method; the longest registered one has 17.
    static let methodBytesMax = 32

    /// Parses the line that begins at `start` into `head`, from left to right as `FieldLine` does.
    ///
    /// - Returns: the offset behind the line, nil when it goes on past `bytes`.
    static func parse(
        _ bytes: Span<UInt8>, at start: Int, into head: inout RequestHead
    ) throws(RequestError) -> Int? {
        guard let methodEnd = try endOfMethod(bytes, at: start) else { return nil }
        let targetStart = methodEnd &+ 1
        var queryStart = -1
        var targetEnd = ByteScanner.firstTargetStop(in: bytes, from: targetStart)
        while targetEnd < bytes.count && bytes[targetEnd] == UInt8(ascii: "?") {
            if queryStart < 0 { queryStart = targetEnd &+ 1 }
            targetEnd = ByteScanner.firstTargetStop(in: bytes, from: targetEnd &+ 1)
        }
        guard targetEnd < bytes.count else { return nil }
        guard bytes[targetEnd] == Delimiter.space else { throw targetError(bytes[targetEnd]) }
        guard targetEnd > targetStart else { throw .targetMissing }

        head.methodRange = start..<methodEnd
        head.method = Method.find(bytes, at: start, count: methodEnd &- start)
        head.queryRange = queryStart < 0 ? nil : queryStart..<targetEnd
        let pathEnd = queryStart < 0 ? targetEnd : queryStart &- 1
        if bytes[targetStart] == UInt8(ascii: "/") && head.method != .connect {
            head.targetForm = .origin
            head.pathRange = targetStart..<pathEnd
            head.authorityRange = 0..<0
        } else {
            try parseOtherForm(bytes, start: targetStart, pathEnd: pathEnd, end: targetEnd, into: &head)
        }
        guard let minorVersion = try version(bytes, at: targetEnd &+ 1) else { return nil }
        head.minorVersion = minorVersion
        return targetEnd &+ 11
    }

    @inline(__always)
    private static func endOfMethod(_ bytes: Span<UInt8>, at start: Int) throws(RequestError) -> Int? {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == Delimiter.space {
                guard index > start else { throw .methodMissing }
                return index
            }
            guard ByteSet.token.contains(byte) else { throw .invalidMethodByte }
            guard index &- start < methodBytesMax else { throw .methodTooLong }
            index &+= 1
        }
        return nil
    }

    private static func targetError(_ byte: UInt8) -> RequestError {
        switch byte {
        case UInt8(ascii: "#"): .fragmentInTarget
        case Delimiter.lf: .bareLineFeed
        case Delimiter.cr: .versionMalformed
        default: .invalidTargetByte
        }
    }

    /// Asterisk, authority and absolute form (RFC 9112 §3.2.2 to §3.2.4).
    private static func parseOtherForm(
        _ bytes: Span<UInt8>, start: Int, pathEnd: Int, end: Int, into head: inout RequestHead
    ) throws(RequestError) {
        if head.method == .connect {
            guard bytes[start] != UInt8(ascii: "/") else { throw .targetFormNotForMethod }
            guard let authority = Authority.parse(bytes.extracting(start..<end)), authority.port != nil else {
                throw .targetAuthorityInvalid
            }
            head.targetForm = .authority
            head.pathRange = start..<end
            head.queryRange = nil
            head.authorityRange = start..<end
            return
        }
        if bytes[start] == UInt8(ascii: "*") {
            guard end == start &+ 1 else { throw .targetFormInvalid }
            guard head.method == .options else { throw .targetFormNotForMethod }
            head.targetForm = .asterisk
            head.pathRange = start..<end
            head.authorityRange = 0..<0
            return
        }
        let schemeCount = schemeCount(bytes, start: start, end: pathEnd)
        guard schemeCount > 0 else { throw .targetFormInvalid }
        let authorityStart = start &+ schemeCount
        var pathStart = authorityStart
        while pathStart < pathEnd && bytes[pathStart] != UInt8(ascii: "/") { pathStart &+= 1 }
        guard Authority.parse(bytes.extracting(authorityStart..<pathStart)) != nil else {
            throw .targetAuthorityInvalid
        }
        head.targetForm = .absolute
        head.authorityRange = authorityStart..<pathStart
        head.pathRange = pathStart..<pathEnd
    }

    /// Bytes of `http://` or `https://` at `start`, 0 when neither is there.
    private static func schemeCount(_ bytes: Span<UInt8>, start: Int, end: Int) -> Int {
        if end &- start > 7,
            ASCII.equalIgnoringCase(bytes.extracting(start..<start &+ 7), ("http://" as StaticString).bytes)
        {
            return 7
        }
        if end &- start > 8,
            ASCII.equalIgnoringCase(bytes.extracting(start..<start &+ 8), ("https://" as StaticString).bytes)
        {
            return 8
        }
        return 0
    }

    /// "HTTP/1.1" as a word.
    private static let http11: UInt64 = 0x312E_312F_5054_5448

    /// The minor version at `start`, 0 or 1, with the line's end behind it; nil when it has not all come yet.
    @inline(__always)
    static func version(_ bytes: Span<UInt8>, at start: Int) throws(RequestError) -> Int? {
        if start &+ 10 <= bytes.count, ByteScanner.load64(bytes, at: start) == http11,
            bytes[start &+ 8] == Delimiter.cr, bytes[start &+ 9] == Delimiter.lf
        {
            return 1
        }
        return try rareVersion(bytes, at: start)
    }

    private static func rareVersion(_ bytes: Span<UInt8>, at start: Int) throws(RequestError) -> Int? {
        let pattern = ("HTTP/0.0\r\n" as StaticString).bytes
        for index in 0..<10 {
            guard start &+ index < bytes.count else { return nil }
            let byte = bytes[start &+ index]
            switch index {
            case 5, 7:
                guard ASCII.isDigit(byte) else { throw .versionMalformed }
            case 9:
                guard byte == Delimiter.lf else { throw .bareCarriageReturn }
            default:
                guard byte == pattern[index] else { throw byte == Delimiter.lf ? .bareLineFeed : .versionMalformed }
            }
        }
        guard bytes[start &+ 5] == UInt8(ascii: "1") else { throw .versionNotSupported }
        // A higher minor version is compatible by definition (RFC 9110 §2.5).
        return bytes[start &+ 7] == UInt8(ascii: "0") ? 0 : 1
    }
}

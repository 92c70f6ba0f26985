import Bytes
import CHeaderTable

/// The field lines of a head up to its empty line (RFC 9112 §5), read as they come in.
///
/// Responsible for line syntax, limits, framing fields and `Connection`; what Host, Expect and the like mean is the
/// request's or the response's business.
struct FieldSection: Sendable {
    private let limits: RequestLimits
    private var sectionStart = 0
    private var lineStart = 0
    /// Bytes looked at in a search for the end of the line at `lineStart`; not above it when the line is new.
    private var seenCount = 0
    private(set) var framing = FramingFields()
    /// Where the first field of its kind stands, -1 without one.
    private(set) var hostIndex = -1
    private(set) var expectIndex = -1
    private(set) var isHostRepeated = false
    private var connectionIndex = -1
    private(set) var connection = HopByHop.Options()

    init(limits: RequestLimits) {
        self.limits = limits
    }

    /// Begins anew with field lines that start at `offset`.
    mutating func begin(at offset: Int) {
        sectionStart = offset
        lineStart = offset
        seenCount = offset
        framing = FramingFields()
        hostIndex = -1
        expectIndex = -1
        isHostRepeated = false
        connectionIndex = -1
        connection = HopByHop.Options()
    }

    /// Fields whose content matters here or to the caller.
    private static let notedSet: UInt64 =
        KnownHeader.host.bit | KnownHeader.connection.bit | KnownHeader.contentLength.bit
        | KnownHeader.transferEncoding.bit | KnownHeader.expect.bit

    /// Parses lines until the empty one.
    ///
    /// - Returns: the offset behind the empty line, nil when it has not come yet.
    mutating func parse(
        _ bytes: Span<UInt8>, fields: inout [HeaderField], knownHeaders: inout UInt64, minorVersion: Int
    ) throws(FieldError) -> Int? {
        // The last field line may end at `sectionStart + headBytesMax`, and the empty line follows it.
        let end = sectionStart &+ limits.headBytesMax &+ 2
        let window = bytes.extracting(first: min(bytes.count, end))
        if awaitsLineEnd(window, end: end) { return nil }
        var start = lineStart
        var known: UInt64 = 0
        defer {
            lineStart = start
            seenCount = window.count
            knownHeaders |= known
        }
        while start < window.count {
            let first = window[start]
            if first == Delimiter.cr {
                guard start &+ 1 < window.count else { break }
                guard window[start &+ 1] == Delimiter.lf else { throw .bareCarriageReturn }
                try finish(bytes, fields: &fields)
                return start &+ 2
            }
            guard fields.count < limits.headerCountMax else { throw .tooManyFields }
            if fields.isEmpty && (first == Delimiter.space || first == Delimiter.tab) {
                throw .whitespaceBeforeFirstField
            }
            guard let field = try FieldLine.parse(window, at: start, underscores: limits.underscores) else {
                guard window.count < end else { throw .fieldsTooLarge }
                return nil
            }
            fields.append(field)
            known |= 1 &<< UInt64(field.known)
            if (Self.notedSet &>> UInt64(field.known)) & 1 != 0 {
                try note(field, index: fields.count - 1, in: bytes, minorVersion: minorVersion)
            }
            start = Int(field.line_end)
            guard start &- sectionStart <= limits.headBytesMax else { throw .fieldsTooLarge }
        }
        return nil
    }

    /// Whether the current line was seen in part before and still has no end: it is parsed when its end has come, so
    /// that a head that trickles in costs no more than one that comes at once.
    private mutating func awaitsLineEnd(_ window: Span<UInt8>, end: Int) -> Bool {
        guard seenCount > lineStart, window.count < end else { return false }
        guard ByteScanner.firstIndex(of: Delimiter.lf, in: window, from: seenCount) == window.count else {
            return false
        }
        seenCount = window.count
        return true
    }

    private mutating func note(
        _ field: HeaderField, index: Int, in bytes: Span<UInt8>, minorVersion: Int
    ) throws(FieldError) {
        switch KnownHeader(rawValue: field.known) {
        case .host:
            if hostIndex < 0 { hostIndex = index } else { isHostRepeated = true }
        case .expect:
            if expectIndex < 0 { expectIndex = index }
        case .connection:
            if field.value_count == 10, ByteWord.isKeepAlive(bytes, at: Int(field.value_start)) {
                // What nearly every client sends; there are no names in it to look up.
                connection.hasKeepAlive = true
            } else if connectionIndex < 0 {
                connectionIndex = index
            }
        case .contentLength:
            try framing.noteContentLength(field.valueRange, in: bytes)
        case .transferEncoding:
            try framing.noteTransferEncoding(field, in: bytes, minorVersion: minorVersion)
        default: break
        }
    }

    private mutating func finish(_ bytes: Span<UInt8>, fields: inout [HeaderField]) throws(FieldError) {
        guard connectionIndex >= 0 else { return }
        for index in connectionIndex..<fields.count where fields[index].known == KnownHeader.connection.rawValue {
            try HopByHop.apply(connection: fields[index].valueRange, in: bytes, to: &fields, options: &connection)
        }
    }
}

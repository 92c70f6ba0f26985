import Bytes
import Config
import HTTP
import Plugins
import Telemetry
import Upstream

/// One line of the access log while it is being written.
///
/// Whatever comes from outside is escaped here, so that a request is one line and stays within its quotation marks.
struct AccessLogLine {
    let bytes: ByteBuffer
    /// Bytes of texts that this line may still take, before escaping.
    private var room = 0
    /// What redaction left of a text.
    private var redacted: [UInt8] = []

    /// Of one line; and of one text of it.
    private static let textBytesMax = 16 << 10
    private static let oneTextMax = 4 << 10
    /// `\u00ff` for one byte.
    private static let escapedMax = 6

    init(fixedByteCount: Int) {
        bytes = ByteBuffer(capacity: fixedByteCount + Self.textBytesMax * Self.escapedMax)
    }

    mutating func clear() {
        bytes.clear()
        room = Self.textBytesMax
    }

    mutating func appendTime(_ timestamp: inout LogTimestamp, _ wall: Int64, _ style: AccessLogFormat.Style) {
        if style == .json { bytes.append(UInt8(ascii: "\"")) }
        timestamp.appendRFC3339(wallNanoseconds: wall, to: bytes)
        if style == .json { bytes.append(UInt8(ascii: "\"")) }
    }

    mutating func append(
        _ variable: AccessLogVariable, of exchange: Exchange, _ head: Span<UInt8>, _ observation: ExchangeObservation,
        style: AccessLogFormat.Style, redaction: QueryRedaction
    ) {
        switch variable {
        case .time: break
        case .requestID:
            let id = exchange.requestID
            append(id.readable, style)
        case .clientIP: appendAddress(of: exchange, style)
        case .listener: append(exchange.listener?.nameBytes, style)
        case .protocol: append(exchange.request.minorVersion == 0 ? Self.http10 : Self.http11, style)
        case .method: append(head.extracting(exchange.loggedMethodRange), style)
        case .host: append(head.extracting(exchange.loggedRange(exchange.request.authorityRange)), style)
        case .path: append(head.extracting(exchange.loggedRange(exchange.request.pathRange)), style)
        case .query: appendQuery(of: exchange, head, style, redaction)
        case .status: bytes.append(decimal: observation.status)
        case .route: append(exchange.route?.nameBytes ?? Self.none, style)
        case .upstream: append(exchange.pool?.nameBytes, style)
        case .target: append(exchange.endpoint?.labelBytes, style)
        case .attempts: bytes.append(decimal: exchange.attemptCount)
        case .bytesIn: bytes.append(decimal: observation.requestBytes)
        case .bytesOut: bytes.append(decimal: observation.responseBytes)
        case .durationMS: appendMilliseconds(observation.durationNanoseconds)
        case .upstreamMS:
            if exchange.attemptCount > 0 {
                appendMilliseconds(exchange.upstreamNanoseconds)
            } else {
                appendNothing(style)
            }
        case .overheadUS: bytes.append(decimal: Int(max(observation.overheadNanoseconds, 0) / 1000))
        case .endReason: appendCode(observation.reason, style)
        case .userAgent: appendKnown(.userAgent, of: exchange, head, style)
        case .referer: appendKnown(.referer, of: exchange, head, style, redaction: redaction)
        case .consumer: append(exchange.identity?.consumer, style)
        case .auth: append(exchange.authDecision.map { Array("\($0.label)".utf8) }, style)
        case .generation: bytes.append(decimal: exchange.snapshot.generation)
        case .worker: bytes.append(decimal: exchange.worker.shared.index)
        case .filters: appendVariables(of: exchange, style)
        }
    }

    private static let none = Array("none".utf8)
    private static let http10 = Array("HTTP/1.0".utf8)
    private static let http11 = Array("HTTP/1.1".utf8)

    // MARK: Values

    private func appendMilliseconds(_ nanoseconds: Int64) {
        let microseconds = Int(max(nanoseconds, 0) / 1000)
        bytes.append(decimal: microseconds / 1000)
        bytes.append(UInt8(ascii: "."))
        let rest = microseconds % 1000
        bytes.append(UInt8(0x30 + rest / 100))
        bytes.append(UInt8(0x30 + rest / 10 % 10))
        bytes.append(UInt8(0x30 + rest % 10))
    }

    private func appendCode(_ reason: EndReason, _ style: AccessLogFormat.Style) {
        if style == .json { bytes.append(UInt8(ascii: "\"")) }
        bytes.append(reason.code)
        if style == .json { bytes.append(UInt8(ascii: "\"")) }
    }

    private func appendAddress(of exchange: Exchange, _ style: AccessLogFormat.Style) {
        if style == .json { bytes.append(UInt8(ascii: "\"")) }
        // A peer on a unix socket has no address, unless it is trusted to name one.
        if exchange.peer == nil, exchange.clientAddress == .loopback {
            bytes.append("unix")
        } else {
            exchange.clientAddress.append(to: bytes)
        }
        if style == .json { bytes.append(UInt8(ascii: "\"")) }
    }

    private mutating func appendQuery(
        of exchange: Exchange, _ head: Span<UInt8>, _ style: AccessLogFormat.Style, _ redaction: QueryRedaction
    ) {
        guard exchange.isRequestKnown, let range = exchange.request.queryRange else { return appendNothing(style) }
        appendRedacted(head.extracting(range), style, redaction)
    }

    private mutating func appendRedacted(
        _ text: Span<UInt8>, _ style: AccessLogFormat.Style, _ redaction: QueryRedaction
    ) {
        guard redaction.concerns(text) else { return append(text, style) }
        redaction.redact(text, into: &redacted)
        let kept = redacted
        append(kept.span, style)
    }

    private mutating func appendKnown(
        _ known: KnownHeader, of exchange: Exchange, _ head: Span<UInt8>, _ style: AccessLogFormat.Style,
        redaction: QueryRedaction? = nil
    ) {
        guard exchange.isRequestKnown, let field = exchange.request.field(known) else { return appendNothing(style) }
        let value = head.extracting(field.valueRange)
        if let redaction { appendRedacted(value, style, redaction) } else { append(value, style) }
    }

    /// All variables of filters as an object.
    private mutating func appendVariables(of exchange: Exchange, _ style: AccessLogFormat.Style) {
        guard let entries = exchange.work?.variables.entries, !entries.isEmpty else { return appendNothing(style) }
        var object: [UInt8] = [UInt8(ascii: "{")]
        for entry in entries {
            if object.count > 1 { object.append(UInt8(ascii: ",")) }
            object.append(UInt8(ascii: "\""))
            object += entry.name
            object += [UInt8(ascii: "\""), UInt8(ascii: ":")]
            object += entry.json
        }
        object.append(UInt8(ascii: "}"))
        guard object.count <= min(Self.oneTextMax, room) else { return appendNothing(style) }
        // Scripts write it through the JSON encoder, so that it is whole and on one line already.
        if style == .json {
            room -= object.count
            bytes.append(object)
        } else {
            append(object.span, style)
        }
    }

    mutating func appendVariable(named name: [UInt8], of exchange: Exchange, style: AccessLogFormat.Style) {
        guard let json = exchange.work?.variables[name.span] else { return appendNothing(style) }
        let isText = json.count >= 2 && json[0] == UInt8(ascii: "\"")
        // Within another text it goes without its quotation marks.
        let value = style == .json || !isText ? json.span : json.span.extracting(1..<(json.count - 1))
        guard style != .text else { return append(value, style) }
        // It is JSON already: what is escaped in it must not be escaped again.
        guard value.count <= room else { return appendNothing(style) }
        room -= value.count
        bytes.append(value)
    }

    mutating func appendField(
        named name: [UInt8], of exchange: Exchange, _ head: Span<UInt8>, style: AccessLogFormat.Style
    ) {
        guard exchange.isRequestKnown, let index = exchange.request.firstIndex(named: name.span, in: head) else {
            return appendNothing(style)
        }
        append(head.extracting(exchange.request.fields[index].valueRange), style)
    }

    mutating func appendRequestLine(of exchange: Exchange, _ head: Span<UInt8>, redaction: QueryRedaction) {
        append(head.extracting(exchange.loggedMethodRange), .text)
        bytes.append(UInt8(ascii: " "))
        append(head.extracting(exchange.loggedRange(exchange.request.pathRange)), .text)
        if exchange.isRequestKnown, exchange.request.queryRange != nil {
            bytes.append(UInt8(ascii: "?"))
            appendQuery(of: exchange, head, .text, redaction)
        }
        bytes.append(exchange.request.minorVersion == 0 ? " HTTP/1.0" : " HTTP/1.1")
    }

    // MARK: Texts

    private func appendNothing(_ style: AccessLogFormat.Style) {
        switch style {
        case .json: bytes.append("null")
        case .jsonPart: break
        case .text: bytes.append(UInt8(ascii: "-"))
        }
    }

    private mutating func append(_ text: [UInt8]?, _ style: AccessLogFormat.Style) {
        guard let text else { return appendNothing(style) }
        append(text.span, style)
    }

    /// An empty text counts as none.
    private mutating func append(_ text: Span<UInt8>, _ style: AccessLogFormat.Style) {
        guard !text.isEmpty else { return appendNothing(style) }
        let count = min(text.count, Self.oneTextMax, room)
        room -= count
        let kept = text.extracting(0..<count)
        switch style {
        case .json:
            bytes.append(UInt8(ascii: "\""))
            LogEscape.appendJSON(kept, to: bytes)
            bytes.append(UInt8(ascii: "\""))
        case .jsonPart: LogEscape.appendJSON(kept, to: bytes)
        case .text: LogEscape.appendText(kept, to: bytes)
        }
    }
}

extension Exchange {
    /// The head was whole and valid. Of one that was not, only what was parsed before it broke may be looked at, and
    /// nothing tells how much that is.
    var isRequestKnown: Bool { request.byteCount > 0 && request.byteCount <= requestBytes.writeIndex }

    func loggedRange(_ range: Range<Int>) -> Range<Int> { isRequestKnown ? range : 0..<0 }

    var loggedMethodRange: Range<Int> { loggedRange(request.methodRange) }
}

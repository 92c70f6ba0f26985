import Bytes
import HTTP

/// What a parser made of some bytes, in a form that tests can compare.
enum RequestOutcome: Equatable {
    case complete(HeadSummary)
    case incomplete
    case refused(RequestError)
}

enum ResponseOutcome: Equatable {
    case complete(HeadSummary)
    case incomplete
    case refused(ResponseError)
}

/// Everything that a parsed head says, with texts instead of offsets.
struct HeadSummary: Equatable {
    var startLine: [String] = []
    var minorVersion = 1
    var framing = BodyFraming.none
    var isKeepAlive = true
    var expectsContinue = false
    var byteCount = 0
    var knownHeaders: UInt64 = 0
    var fields: [String] = []
}

func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    String(decoding: bytes.extracting(range))
}

/// `name=value` with `!` before hop-by-hop fields and `-` before dropped ones.
func summary(of field: HeaderField, in bytes: Span<UInt8>) -> String {
    (field.isHopByHop ? "!" : "") + (field.isDropped ? "-" : "")
        + text(bytes, field.nameRange) + "=" + text(bytes, field.valueRange)
}

func summary(of head: RequestHead, in bytes: Span<UInt8>) -> HeadSummary {
    var summary = HeadSummary()
    summary.startLine = [
        text(bytes, head.methodRange), "\(head.method)", "\(head.targetForm)", text(bytes, head.pathRange),
        head.queryRange.map { "?" + text(bytes, $0) } ?? "", text(bytes, head.authorityRange),
    ]
    summary.minorVersion = head.minorVersion
    summary.framing = head.framing
    summary.isKeepAlive = head.isKeepAlive
    summary.expectsContinue = head.expectsContinue
    summary.byteCount = head.byteCount
    summary.knownHeaders = head.knownHeaders
    for field in head.fields { summary.fields.append(HTTPTests.summary(of: field, in: bytes)) }
    return summary
}

func summary(of head: ResponseHead, in bytes: Span<UInt8>) -> HeadSummary {
    var summary = HeadSummary()
    summary.startLine = ["\(head.status)", text(bytes, head.reasonRange)]
    summary.minorVersion = head.minorVersion
    summary.framing = head.framing
    summary.isKeepAlive = head.isKeepAlive
    summary.byteCount = head.byteCount
    summary.knownHeaders = head.knownHeaders
    for field in head.fields { summary.fields.append(HTTPTests.summary(of: field, in: bytes)) }
    return summary
}

/// Parses `bytes` as they arrive up to each of `ends`, which ascend; the last one is the count.
func parseRequest(_ bytes: [UInt8], ends: [Int], limits: RequestLimits = RequestLimits()) -> RequestOutcome {
    var parser = RequestParser(limits: limits)
    var head = RequestHead()
    for end in ends {
        do throws(RequestError) {
            let seen = bytes.span.extracting(first: end)
            if try parser.parse(seen, into: &head) { return .complete(summary(of: head, in: seen)) }
        } catch {
            return .refused(error)
        }
    }
    return .incomplete
}

func parseRequest(_ text: String, limits: RequestLimits = RequestLimits()) -> RequestOutcome {
    let bytes = Array(text.utf8)
    return parseRequest(bytes, ends: [bytes.count], limits: limits)
}

func parseResponse(
    _ bytes: [UInt8], ends: [Int], to method: HTTP.Method = .get, limits: RequestLimits = RequestLimits()
) -> ResponseOutcome {
    var parser = ResponseParser(limits: limits)
    var head = ResponseHead()
    for end in ends {
        do throws(ResponseError) {
            let seen = bytes.span.extracting(first: end)
            if try parser.parse(seen, into: &head, requestMethod: method) {
                return .complete(summary(of: head, in: seen))
            }
        } catch {
            return .refused(error)
        }
    }
    return .incomplete
}

func parseResponse(
    _ text: String, to method: HTTP.Method = .get, limits: RequestLimits = RequestLimits()
) -> ResponseOutcome {
    let bytes = Array(text.utf8)
    return parseResponse(bytes, ends: [bytes.count], to: method, limits: limits)
}

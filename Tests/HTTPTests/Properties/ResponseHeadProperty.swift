import Bytes
import HTTP

/// Whatever bytes an upstream sends, its response head is read the same way however they are split, and one that was
/// accepted is passed on so that a strict client finds the same end of the body.
package enum ResponseHeadProperty {
    enum Outcome: Equatable {
        case incomplete
        case refused(ResponseError)
        case complete(byteCount: Int, status: Int, framing: BodyFraming, fieldCount: Int, isKeepAlive: Bool)
    }

    /// What is wrong, or nil.
    package static func violation(_ input: [UInt8]) -> String? {
        for method in [HTTP.Method.get, .head] {
            var head = ResponseHead()
            let limits = ForwardingLimits.limits
            let whole = parse(input, ends: [input.count], method, limits: limits, into: &head)
            if let violation = splitViolation(input, method, whole) { return violation }
            guard case .complete = whole else { continue }
            if let violation = forwardingViolation(head, input, method) { return "\(method): \(violation)" }
        }
        return nil
    }

    /// As for requests: pieces get a line end behind them where the whole was refused.
    private static func splitViolation(_ input: [UInt8], _ method: HTTP.Method, _ whole: Outcome) -> String? {
        var received = input
        if case .refused = whole { received.append(UInt8(ascii: "\n")) }
        let split = ForwardingLimits.split(input)
        for ends in [[split, received.count], Array(0...received.count)] {
            var head = ResponseHead()
            let outcome = parse(received, ends: ends, method, limits: ForwardingLimits.limits, into: &head)
            guard outcome == whole else { return "\(outcome) with ends \(ends), whole: \(whole)" }
        }
        return nil
    }

    private static func parse(
        _ input: [UInt8], ends: [Int], _ method: HTTP.Method, limits: RequestLimits, into head: inout ResponseHead
    ) -> Outcome {
        var parser = ResponseParser(limits: limits)
        for end in ends {
            do throws(ResponseError) {
                let seen = input.span.extracting(first: end)
                guard try parser.parse(seen, into: &head, requestMethod: method) else { continue }
                return .complete(
                    byteCount: head.byteCount, status: head.status, framing: head.framing,
                    fieldCount: head.fields.count, isKeepAlive: head.isKeepAlive)
            } catch {
                return .refused(error)
            }
        }
        return .incomplete
    }

    private static func forwardingViolation(
        _ head: ResponseHead, _ input: [UInt8], _ method: HTTP.Method
    ) -> String? {
        for minorVersion in [0, 1] {
            var framing = head.framing
            if framing == .chunked || framing == .untilClose { framing = minorVersion == 0 ? .untilClose : .chunked }
            let closes = framing == .untilClose
            let sent = written(head, input, framing: framing, minorVersion: minorVersion, closes: closes)
            var received = ResponseHead()
            let outcome = parse(sent, ends: [sent.count], method, limits: ForwardingLimits.relaxed, into: &received)
            guard case .complete(let byteCount, let status, let receivedFraming, _, let isKeepAlive) = outcome else {
                return "the head passed on is \(outcome): \(String(decoding: sent, as: UTF8.self))"
            }
            guard byteCount == sent.count, status == head.status else { return "the head passed on is another one" }
            guard receivedFraming == framing else { return "\(framing) was passed on as \(receivedFraming)" }
            // A 1xx says nothing about the connection.
            guard status < 200 || isKeepAlive == !closes else { return "the upstream's Connection reached the client" }
        }
        return nil
    }

    private static func written(
        _ head: ResponseHead, _ input: [UInt8], framing: BodyFraming, minorVersion: Int, closes: Bool
    ) -> [UInt8] {
        let edits = HeaderEdits()
        let date = Array("Thu, 01 Jan 1970 00:00:00 GMT".utf8)
        let out = ByteBuffer(capacity: ResponseWriter.byteCountMax(head, edits: edits))
        ResponseWriter.write(
            head, bytes: input.span, framing: framing, clientMinorVersion: minorVersion, closes: closes,
            date: date.span, edits: edits, into: out)
        return Array(copying: out.readable)
    }
}

import Bytes
import HTTP

/// Whatever bytes come, a request head is read the same way however they are split, and a head that was accepted is
/// forwarded as one that a strict reader understands in the same way.
package enum RequestHeadProperty {
    enum Outcome: Equatable {
        case incomplete
        case refused(RequestError)
        case complete(byteCount: Int, framing: BodyFraming, fieldCount: Int, isKeepAlive: Bool)
    }

    /// What is wrong, or nil.
    package static func violation(_ input: [UInt8]) -> String? {
        var head = RequestHead()
        let whole = parse(input, ends: [input.count], limits: ForwardingLimits.limits, into: &head)
        if let violation = splitViolation(input, whole) { return violation }
        guard case .complete(let byteCount, _, _, _) = whole else { return nil }
        guard byteCount <= input.count else { return "the head has \(byteCount) bytes of \(input.count)" }
        return forwardingViolation(head, input)
    }

    /// Bytes that are refused when they come at once may be waited on, up to their line end, when they come in pieces,
    /// so the pieces get a line end behind them.
    private static func splitViolation(_ input: [UInt8], _ whole: Outcome) -> String? {
        var received = input
        if case .refused = whole { received.append(UInt8(ascii: "\n")) }
        let split = ForwardingLimits.split(input)
        for ends in [[split, received.count], Array(0...received.count)] {
            var head = RequestHead()
            let outcome = parse(received, ends: ends, limits: ForwardingLimits.limits, into: &head)
            guard outcome == whole else { return "\(outcome) with ends \(ends), whole: \(whole)" }
        }
        return nil
    }

    private static func parse(
        _ input: [UInt8], ends: [Int], limits: RequestLimits, into head: inout RequestHead
    ) -> Outcome {
        var parser = RequestParser(limits: limits)
        for end in ends {
            do throws(RequestError) {
                guard try parser.parse(input.span.extracting(first: end), into: &head) else { continue }
                return .complete(
                    byteCount: head.byteCount, framing: head.framing, fieldCount: head.fields.count,
                    isKeepAlive: head.isKeepAlive)
            } catch {
                return .refused(error)
            }
        }
        return .incomplete
    }

    private static func forwardingViolation(_ head: RequestHead, _ input: [UInt8]) -> String? {
        switch head.method {
        case .connect, .trace: return nil
        case .get, .head, .post, .put, .delete, .options, .patch, .other: break
        }
        guard head.targetForm == .origin || head.targetForm == .absolute else { return nil }
        var path: [UInt8] = []
        do throws(TargetError) {
            try PathNormalizer.normalize(input.span.extracting(head.pathRange), into: &path)
        } catch {
            return nil
        }
        for isPeerTrusted in [false, true] {
            let sent = written(head, input, path: path, isPeerTrusted: isPeerTrusted)
            var received = RequestHead()
            let outcome = parse(sent, ends: [sent.count], limits: ForwardingLimits.relaxed, into: &received)
            guard case .complete(let byteCount, let framing, _, _) = outcome else {
                return "the forwarded head is \(outcome): \(String(decoding: sent, as: UTF8.self))"
            }
            guard byteCount == sent.count else { return "the forwarded head ends early" }
            guard framing == head.framing else { return "framing \(head.framing) was forwarded as \(framing)" }
            guard received.method == head.method else { return "the method changed" }
            guard received.isKeepAlive else { return "the client's Connection reached the upstream" }
        }
        return nil
    }

    private static func written(
        _ head: RequestHead, _ input: [UInt8], path: [UInt8], isPeerTrusted: Bool
    ) -> [UInt8] {
        let edits = HeaderEdits()
        let peer = Array("192.0.2.1".utf8)
        let id = Array("0123456789abcdef".utf8)
        let host = head.authorityRange.isEmpty ? Array("upstream".utf8) : Array(input[head.authorityRange])
        let query = input.span.extracting(head.queryRange ?? 0..<0)
        // Exactly as large as the writer says: an append past it traps.
        let room = RequestWriter.byteCountMax(
            head, path: path.span, query: query, host: host.span, edits: edits, peer: peer.span, requestID: id.span)
        let out = ByteBuffer(capacity: room)
        RequestWriter.write(
            head, bytes: input.span, method: input.span.extracting(head.methodRange), path: path.span, query: query,
            hasQuery: head.queryRange != nil, host: host.span, framing: head.framing, edits: edits,
            forwarded: RequestWriter.Forwarded(isPeerTrusted: isPeerTrusted, isTLS: false), peer: peer.span,
            requestID: id.span, into: out)
        return Array(copying: out.readable)
    }
}

extension Array<UInt8> {
    init(copying bytes: Span<UInt8>) {
        self = []
        reserveCapacity(bytes.count)
        for index in bytes.indices { append(bytes[index]) }
    }
}

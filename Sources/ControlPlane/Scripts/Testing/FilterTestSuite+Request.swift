import Bytes
import DataPlane
import Foundation
import HTTP
import Plugins
import Telemetry

// One request of a test, from its description to what came of it.
extension FilterTestSuite {
    func request(_ arguments: [String: Any]) throws -> [String: Any] {
        let bench = try bench((arguments["filter"] as? NSNumber)?.intValue ?? 0)
        let described = arguments["upstream"] as? [String: Any] ?? [:]
        var upstream = TrialUpstream(response: nil, headResponse: [])
        let responder = TestResponder(suite: self, described: described)
        upstream.responder = responder
        if let auth = arguments["auth"] {
            upstream.authentication = Array(try JSONSerialization.data(withJSONObject: auth))
        }
        let address = IPAddress(arguments["client_ip"] as? String ?? "192.0.2.1") ?? .loopback
        let outcome = try bench.run(Self.bytes(of: arguments), from: address, upstream)
        for line in outcome.logs {
            let fields = (try? JSONSerialization.jsonObject(with: Data(line.fields))) as? [String: Any] ?? [:]
            addLog([
                "level": line.level.word, "message": String(decoding: line.message, as: UTF8.self), "fields": fields,
            ])
        }
        return report(outcome, responder)
    }

    private func report(_ outcome: TrialOutcome, _ responder: TestResponder) -> [String: Any] {
        var result: [String: Any] = [:]
        let message = TestMessage(outcome.response)
        result["status"] = message.status
        result["headers"] = message.headers
        message.putBody(into: &result)
        result["chunks"] = message.chunks.map { Data($0).base64EncodedString() }
        let reason = outcome.reason.map { "\($0.code)" } ?? ""
        result["end_reason"] = reason
        result["complete"] = message.isWhole && !outcome.isUnfinished
        let failure = outcome.logs.last { String(decoding: $0.message, as: UTF8.self) == "a filter failed" }
        if let failure {
            let fields = (try? JSONSerialization.jsonObject(with: Data(failure.fields))) as? [String: Any] ?? [:]
            let kind = fields["result"] as? String ?? ""
            result["outcome"] = kind.hasPrefix("killed") ? "killed" : "error"
            result["error"] = fields["error"]
        } else if reason == "filter_responded" {
            result["outcome"] = "reply"
            var reply: [String: Any] = ["status": message.status, "headers": message.headers]
            message.putBody(into: &reply)
            result["reply"] = reply
        } else {
            result["outcome"] = "continue"
        }
        if let forwarded = responder.forwarded { result["req"] = TestMessage(forwarded).request }
        var variables: [String: Any] = [:]
        for (name, json) in outcome.variables {
            variables[String(decoding: name, as: UTF8.self)] = try? JSONSerialization.jsonObject(
                with: Data(json), options: .fragmentsAllowed)
        }
        result["vars"] = variables
        result["sent"] = responder.sent.map { upstream, bytes in
            var sent = TestMessage(bytes).request
            sent["upstream"] = upstream
            return sent
        }
        result["upstream"] = responder.forwardedTo
        return result
    }

    private static func bytes(of request: [String: Any]) -> [UInt8] {
        let method = request["method"] as? String ?? "GET"
        var target = request["path"] as? String ?? "/"
        if let query = request["query"] as? String, !query.isEmpty { target += "?" + query }
        if let query = request["query"] as? [String: Any] {
            target += "?" + query.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        }
        var head = "\(method) \(target) HTTP/1.1\r\nhost: \(request["host"] as? String ?? "test.example")\r\n"
        head += "connection: close\r\n"
        head += lines(request["headers"] as? [String: Any] ?? [:])
        if let chunks = request["chunks"] as? [String] {
            head += "transfer-encoding: chunked\r\n\r\n"
            return Array(head.utf8) + TestMessage.chunked(chunks.map { Array(Data(base64Encoded: $0) ?? Data()) })
        }
        let body = TestMessage.body(of: request)
        if !body.isEmpty || ["POST", "PUT", "PATCH"].contains(method) { head += "content-length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }

    /// Field lines; a list stands for several of one name.
    static func lines(_ headers: [String: Any]) -> String {
        var text = ""
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            // The length is that of the body that is described.
            if ["content-length", "transfer-encoding"].contains(name.lowercased()) { continue }
            for one in value as? [Any] ?? [value] { text += "\(name): \(one)\r\n" }
        }
        return text
    }
}

/// Plays the upstreams of one request: the route's own as the test describes it, others by the test's functions.
final class TestResponder: TrialResponder {
    private unowned let suite: FilterTestSuite
    private let described: [String: Any]
    private(set) var forwarded: [UInt8]?
    private(set) var forwardedTo: String?
    private(set) var sent: [(String, [UInt8])] = []

    init(suite: FilterTestSuite, described: [String: Any]) {
        self.suite = suite
        self.described = described
    }

    func refuses(_ upstream: String) -> Bool {
        if suite.failing[upstream] == "connect" {
            suite.callCounts[upstream, default: 0] += 1
            return true
        }
        return upstream == FilterBench.upstreamName && described["refuse"] as? Bool == true
    }

    func reply(_ upstream: String, _ request: [UInt8]) -> TrialReply {
        if suite.responders[upstream] != nil || suite.failing[upstream] != nil {
            suite.callCounts[upstream, default: 0] += 1
            sent.append((upstream, request))
            switch suite.failing[upstream] {
            case "timeout":
                var reply = TrialReply([])
                reply.delayNanoseconds = 86_400_000_000_000
                return reply
            case .some:
                var reply = TrialReply([])
                reply.closes = true
                return reply
            case nil: break
            }
            guard let number = suite.responders[upstream],
                let argument = try? JSONSerialization.data(withJSONObject: TestMessage(request).request),
                let answer = suite.vm?.call(number, Array(argument)),
                let response = (try? JSONSerialization.jsonObject(with: Data(answer))) as? [String: Any]
            else { return Self.reply(["status": 500, "body": suite.vm?.error ?? ""], request) }
            return Self.reply(response, request)
        }
        forwarded = request
        forwardedTo = upstream
        return Self.reply(described, request)
    }

    private static func reply(_ response: [String: Any], _ request: [UInt8]) -> TrialReply {
        let status = (response["status"] as? NSNumber)?.intValue ?? 200
        var head = "HTTP/1.1 \(status) \(StatusPhrase.phrase(for: status))\r\n"
        var headers = response["headers"] as? [String: Any] ?? [:]
        let hasType = headers.keys.contains { $0.lowercased() == "content-type" }
        if response["json"] as? Bool == true, !hasType { headers["content-type"] = "application/json" }
        head += FilterTestSuite.lines(headers)
        let isHead = request.starts(with: Array("HEAD ".utf8))
        var bytes: [UInt8]
        if status == 204 || status == 304 {
            bytes = Array((head + "\r\n").utf8)
        } else if let chunks = response["chunks"] as? [String] {
            head += "transfer-encoding: chunked\r\n\r\n"
            bytes =
                Array(head.utf8)
                + (isHead ? [] : TestMessage.chunked(chunks.map { Array(Data(base64Encoded: $0) ?? Data()) }))
        } else {
            let body = TestMessage.body(of: response)
            head += "content-length: \(body.count)\r\n\r\n"
            bytes = Array(head.utf8) + (isHead ? [] : body)
        }
        var reply = TrialReply(bytes)
        reply.delayNanoseconds = Int64(((response["delay_ms"] as? NSNumber)?.doubleValue ?? 0) * 1_000_000)
        return reply
    }
}

extension FilterLogLevel {
    fileprivate var word: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warn"
        case .error: "error"
        }
    }
}

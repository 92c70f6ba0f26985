import Bytes
import Config
import DataPlane
import HTTP
import Routing
import Telemetry

/// Compares what came of a test's request with what the test expects.
struct ConfigTestCheck {
    let test: ConfigTest
    let path: String
    private(set) var failures: [ConfigDiagnostic] = []

    init(test: ConfigTest, path: String) {
        self.test = test
        self.path = path
    }

    mutating func compare(_ outcome: TrialOutcome) {
        let response = Message(parsing: outcome.response, isResponse: true, method: test.request.method)
        let expect = test.expect
        if outcome.isUnfinished { fail("the answer does not end", at: test.position) }
        let seen = "the answer was \(response.map { "\($0.status)" } ?? "cut off")"
        let context = [
            seen, "route \(outcome.route ?? "none")", "upstream \(outcome.upstream ?? "none")",
            "end reason \(outcome.reason.map { "\($0.code)" } ?? "unknown")",
        ].joined(separator: ", ")
        if let status = expect.status, status.value != response?.status {
            fail("expected status \(status.value); \(context)", at: status.position, key: "status")
        }
        equal(expect.route, outcome.route ?? "none", "route", context)
        equal(expect.upstream, outcome.upstream ?? "none", "upstream", context)
        equal(expect.endReason, outcome.reason.map { "\($0.code)" } ?? "unknown", "end_reason", context)
        for field in expect.headers { compare(field, response?.fields ?? [], of: "the answer", key: "headers") }
        if let body = expect.body {
            let text = response?.body ?? ""
            // An empty body equals an empty text, and is no body where one must be there.
            let isAsked = body.value == .present || body.value == .absent
            if let problem = Self.mismatch(body.value, isAsked && text.isEmpty ? nil : text) {
                fail("the body of the answer \(problem)", at: body.position, key: "body")
            }
        }
        if let forwarded = expect.forwarded { compare(forwarded, outcome, context) }
    }

    private mutating func compare(_ expected: ConfigTest.Forwarded, _ outcome: TrialOutcome, _ context: String) {
        guard let bytes = outcome.forwarded,
            let request = Message(parsing: bytes, isResponse: false, method: test.request.method)
        else {
            return fail("expected the request to be forwarded; \(context)", at: test.position, key: "forwarded")
        }
        equal(expected.method, request.method, "forwarded.method", context)
        equal(expected.target, request.target, "forwarded.target", context)
        for field in expected.headers {
            compare(field, request.fields, of: "the forwarded request", key: "forwarded.headers")
        }
        if let body = expected.body, body.value != request.body {
            fail(
                "expected the forwarded body \(Self.shown(body.value)), it was \(Self.shown(request.body))",
                at: body.position, key: "forwarded.body")
        }
    }

    private mutating func equal(_ expected: Located<String>?, _ actual: String, _ key: String, _ context: String) {
        guard let expected, expected.value != actual else { return }
        let words = key.split(whereSeparator: { $0 == "." || $0 == "_" }).joined(separator: " ")
        fail(
            "expected \(words) \(Self.shown(expected.value)), it was \(Self.shown(actual)); \(context)",
            at: expected.position, key: key)
    }

    private mutating func compare(
        _ field: ConfigTest.Field, _ fields: [(name: String, value: String)], of message: String, key: String
    ) {
        let values = fields.filter { $0.name == field.name }.map(\.value)
        let value = values.isEmpty ? nil : values.joined(separator: ", ")
        if let problem = Self.mismatch(field.condition, value, isSecret: SecretName.isLikely(field.name)) {
            fail("the field \(field.name) of \(message) \(problem)", at: field.position, key: "\(key).\(field.name)")
        }
    }

    /// What is wrong with `value`; nil when it is as it must be.
    private static func mismatch(
        _ condition: ConfigTest.Condition, _ value: String?, isSecret: Bool = false
    ) -> String? {
        // What a variable brings to a field such as Authorization must not reach a log by way of a failing test.
        func shown(_ text: String) -> String { isSecret ? "something else" : Self.shown(text) }
        let expected = isSecret ? "what the test says" : nil
        let actual = value.map { "is \(shown($0))" } ?? "is missing"
        switch condition {
        case .exact(let text): return value == text ? nil : "must be \(expected ?? shown(text)), but \(actual)"
        case .present: return value == nil ? "must be there, but is missing" : nil
        case .absent: return value == nil ? nil : "must not be there, but \(actual)"
        case .regex(let pattern):
            guard let regex = try? PatternRegex(pattern) else { return "cannot be matched: \(pattern) is no pattern" }
            let matches = value.map { regex.matches(Array($0.utf8).span) } ?? false
            return matches ? nil : "must match \(shown(pattern)), but \(actual)"
        }
    }

    private static func shown(_ text: String) -> String {
        let short = text.count > 200 ? text.prefix(200) + "…" : text[...]
        return JSONText.string(String(short)).compact
    }

    private mutating func fail(_ message: String, at position: SourcePosition, key: String = "") {
        let place = position == .unknown ? test.position : position
        failures.append(
            ConfigDiagnostic(
                .testFailed, "test \"\(test.name)\": \(message)", at: place,
                path: path + ".expect" + (key.isEmpty ? "" : ".\(key)")))
    }

    /// A message as the gateway wrote it, read by the gateway's own parsers.
    private struct Message {
        var status = 0
        var method = ""
        var target = ""
        /// Names in lower case.
        var fields: [(name: String, value: String)] = []
        var body = ""

        init?(parsing bytes: [UInt8], isResponse: Bool, method: String) {
            func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
            var start = 0
            var framing = BodyFraming.none
            if isResponse {
                var parser = ResponseParser(limits: .largest)
                var head = ResponseHead()
                let requestMethod: HTTP.Method = method == "HEAD" ? .head : .get
                guard (try? parser.parse(bytes.span, into: &head, requestMethod: requestMethod)) == true else {
                    return nil
                }
                status = head.status
                fields = head.fields.map { (text($0.nameRange).lowercased(), text($0.valueRange)) }
                (start, framing) = (head.byteCount, head.framing)
            } else {
                var parser = RequestParser(limits: .largest)
                var head = RequestHead()
                guard (try? parser.parse(bytes.span, into: &head)) == true else { return nil }
                self.method = text(head.methodRange)
                target = text(head.pathRange) + (head.queryRange.map { "?" + text($0) } ?? "")
                fields = head.fields.map { (text($0.nameRange).lowercased(), text($0.valueRange)) }
                (start, framing) = (head.byteCount, head.framing)
            }
            guard framing == .chunked else {
                body = text(start..<bytes.count)
                return
            }
            let (data, _) = ChunkedDecoder.decode(bytes.span.extracting(start...))
            body = String(decoding: data, as: UTF8.self)
        }
    }
}

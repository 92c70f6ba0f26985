/// The admin API without its server: a request's method, path and `Accept` go in, an answer comes out.
package struct AdminAPI: Sendable {
    /// One answer; the body is left out when it goes to a HEAD request, its length is not.
    package struct Answer: Sendable, Equatable {
        package var status: Int
        package var contentType: String
        package var body: [UInt8]
        /// The `Allow` field of a 405.
        package var allow: String?

        init(status: Int, contentType: String = "application/json", body: [UInt8], allow: String? = nil) {
            self.status = status
            self.contentType = contentType
            self.body = body
            self.allow = allow
        }
    }

    private enum Endpoint: String, CaseIterable {
        case healthz = "/healthz"
        case readyz = "/readyz"
        case metrics = "/metrics"
    }

    private let status: any GatewayStatus

    package init(status: any GatewayStatus) {
        self.status = status
    }

    /// - Parameter path: as in the request target, without its query.
    package func answer(method: String, path: String, accept: String?) -> Answer {
        guard let endpoint = Endpoint(rawValue: path) else {
            let known = Endpoint.allCases.map(\.rawValue).joined(separator: ", ")
            return problem(404, "Not Found", "There is \(known).")
        }
        guard method == "GET" || method == "HEAD" else {
            var answer = problem(405, "Method Not Allowed", "\(path) answers GET and HEAD.")
            answer.allow = "GET, HEAD"
            return answer
        }
        switch endpoint {
        case .healthz: return verdict(good: "ok", bad: "failing", reasons: status.livenessProblems())
        case .readyz: return verdict(good: "ready", bad: "unready", reasons: status.readinessProblems())
        case .metrics:
            let openMetrics = MetricsFormat.preferred(accept: accept) == .openMetrics
            return Answer(
                status: 200, contentType: (openMetrics ? MetricsFormat.openMetrics : .text).contentType,
                body: status.metricsText(openMetrics: openMetrics))
        }
    }

    private func verdict(good: String, bad: String, reasons: [String]) -> Answer {
        guard !reasons.isEmpty else {
            return Answer(status: 200, body: JSONText.object([("status", .string(good))]).bytes)
        }
        let text = JSONText.object([("status", .string(bad)), ("reasons", .array(reasons.map { .string($0) }))])
        return Answer(status: 503, body: text.bytes)
    }

    /// RFC 9457; the type is `about:blank`, since the status says all there is to say.
    private func problem(_ status: Int, _ title: String, _ detail: String) -> Answer {
        let text = JSONText.object([
            ("type", .string("about:blank")), ("title", .string(title)), ("status", .integer(status)),
            ("detail", .string(detail)),
        ])
        return Answer(status: status, contentType: "application/problem+json", body: text.bytes)
    }
}

import ControlPlane
import Testing

@Suite("admin API") struct AdminAPITests {
    private let engine = FakeEngine()

    private func answer(
        _ path: String, method: String = "GET", accept: String? = nil
    ) -> AdminAPI.Answer {
        AdminAPI(status: engine).answer(method: method, path: path, accept: accept)
    }

    private func text(_ answer: AdminAPI.Answer) -> String { String(decoding: answer.body, as: UTF8.self) }

    @Test func healthyAndReady() {
        #expect(answer("/healthz").status == 200)
        #expect(text(answer("/healthz")) == "{\"status\":\"ok\"}\n")
        #expect(answer("/readyz").status == 200)
        #expect(text(answer("/readyz")) == "{\"status\":\"ready\"}\n")
        #expect(answer("/readyz").contentType == "application/json")
    }

    @Test func reasonsMakeItUnavailable() {
        engine.set(liveness: ["worker 1 has not turned for 12 s"], readiness: ["a drain has begun", "x \"y\""])
        #expect(answer("/healthz").status == 503)
        #expect(text(answer("/healthz")).contains("worker 1 has not turned for 12 s"))
        let ready = answer("/readyz")
        #expect(ready.status == 503)
        #expect(text(ready) == "{\"status\":\"unready\",\"reasons\":[\"a drain has begun\",\"x \\\"y\\\"\"]}\n")
    }

    @Test func metricsInBothFormats() {
        let plain = answer("/metrics")
        #expect(plain.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(text(plain) == "up 1\n")
        let open = answer("/metrics", accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        #expect(open.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(text(open) == "# EOF\n")
    }

    @Test(arguments: ["/", "/nothing", "/healthz/", "/metrics/x", ""])
    func unknownPaths(_ path: String) {
        let answer = answer(path)
        #expect(answer.status == 404)
        #expect(answer.contentType == "application/problem+json")
        #expect(text(answer).contains("\"status\":404"))
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "get"])
    func otherMethods(_ method: String) {
        let answer = answer("/readyz", method: method)
        #expect(answer.status == 405)
        #expect(answer.allow == "GET, HEAD")
        #expect(answer.contentType == "application/problem+json")
    }

    @Test func headIsAnsweredLikeGet() {
        #expect(answer("/healthz", method: "HEAD") == answer("/healthz"))
    }
}

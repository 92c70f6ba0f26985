import Config
import ControlPlane
import GatewayTesting
import Synchronization
import Testing

@Suite("admin API") struct AdminAPITests {
    private let engine = FakeEngine()
    private let asked = Asked()

    private final class Asked: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func add(_ what: String) { list.withLock { $0.append(what) } }
    }

    private func answer(
        _ path: String, method: String = "GET", query: [(String, String)] = [], outcome: ReloadOutcome = .unchanged(3),
        change: (inout AdminRequest) -> Void = { _ in }
    ) async -> AdminAPI.Answer {
        let asked = asked
        let actions = AdminActions(
            generations: { [] }, effective: { nil }, mask: { SecretMask(ConfigText()) },
            reload: {
                asked.add("reload")
                return outcome
            },
            rollback: {
                asked.add("rollback \($0.map { "\($0)" } ?? "-")")
                return outcome
            }, drain: { asked.add("drain") }, events: { [] })
        var request = AdminRequest(method: method, path: path)
        request.query = query.map { (name: $0.0, value: $0.1) }
        request.host = "127.0.0.1:9901"
        change(&request)
        return await AdminAPI(status: engine, actions: actions).answer(request)
    }

    private func text(_ answer: AdminAPI.Answer) -> String { String(decoding: answer.body, as: UTF8.self) }

    @Test func healthyAndReady() async {
        #expect(await answer("/healthz").status == 200)
        #expect(text(await answer("/healthz")) == "{\"status\":\"ok\"}\n")
        #expect(await answer("/readyz").status == 200)
        #expect(text(await answer("/readyz")) == "{\"status\":\"ready\"}\n")
        #expect(await answer("/readyz").contentType == "application/json")
    }

    @Test func reasonsMakeItUnavailable() async {
        engine.set(liveness: ["worker 1 has not turned for 12 s"], readiness: ["a drain has begun", "x \"y\""])
        #expect(await answer("/healthz").status == 503)
        #expect(text(await answer("/healthz")).contains("worker 1 has not turned for 12 s"))
        let ready = await answer("/readyz")
        #expect(ready.status == 503)
        #expect(text(ready) == "{\"status\":\"unready\",\"reasons\":[\"a drain has begun\",\"x \\\"y\\\"\"]}\n")
    }

    @Test func metricsInBothFormats() async {
        let plain = await answer("/metrics")
        #expect(plain.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(text(plain) == "up 1\n")
        let open = await answer("/metrics") {
            $0.accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
        }
        #expect(open.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(text(open) == "# EOF\n")
    }

    @Test(arguments: ["//", "/nothing", "/healthz/", "/metrics/x", ""])
    func unknownPaths(_ path: String) async {
        let answer = await answer(path)
        #expect(answer.status == 404)
        #expect(answer.contentType == "application/problem+json")
        #expect(text(answer).contains("\"status\":404"))
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "get"])
    func otherMethods(_ method: String) async {
        let answer = await answer("/readyz", method: method)
        #expect(answer.status == 405)
        #expect(answer.allow == "GET, HEAD")
        #expect(answer.contentType == "application/problem+json")
    }

    @Test(arguments: ["/reload", "/rollback", "/drain"])
    func changesAreNotMadeByReading(_ path: String) async {
        let answer = await answer(path)
        #expect(answer.status == 405 && answer.allow == "POST")
        #expect(asked.all.isEmpty)
    }

    @Test func headIsAnsweredLikeGet() async {
        #expect(await answer("/healthz", method: "HEAD") == answer("/healthz"))
    }

    // MARK: Who may change anything

    @Test func thisMachineMay() async {
        #expect(await answer("/drain", method: "POST").status == 202)
        #expect(await answer("/drain", method: "POST") { $0.peer = .unixSocket }.status == 202)
        #expect(asked.all == ["drain", "drain"])
    }

    enum Stranger: CaseIterable { case otherMachine, otherSite, sameSite, otherOrigin, opaqueOrigin, reboundName }

    @Test(arguments: Stranger.allCases) func othersMayNot(_ stranger: Stranger) async {
        let answer = await answer("/drain", method: "POST") { request in
            switch stranger {
            case .otherMachine: request.peer = .other
            case .otherSite: request.fetchSite = "cross-site"
            case .sameSite: request.fetchSite = "same-site"
            case .otherOrigin: request.origin = "http://evil.example"
            case .opaqueOrigin: request.origin = "null"
            case .reboundName: request.host = "evil.example:9901"
            }
        }
        #expect(answer.status == 403)
        #expect(asked.all.isEmpty)
    }

    @Test(arguments: [nil, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer secre", "Bearer secrett", "Basic secret"])
    func aTokenIsNeededWhereThereIsOne(_ authorization: String?) async {
        var config = GatewayConfig()
        config.admin.token = "secret"
        engine.serve(config)
        #expect(await answer("/drain", method: "POST") { $0.authorization = authorization }.status == 401)
        #expect(asked.all.isEmpty)
    }

    @Test func theTokenIsEnoughFromAnywhere() async {
        var config = GatewayConfig()
        config.admin.token = "secret"
        engine.serve(config)
        let answer = await answer("/drain", method: "POST") {
            $0.authorization = "bearer secret"
            $0.peer = .other
        }
        #expect(answer.status == 202)
    }

    // MARK: Changes

    @Test func aRejectedReloadTellsEverything() async {
        let diagnostic = ConfigDiagnostic(
            .unknownKey, "route has no key \"pth\"", at: SourcePosition(file: "g.yaml", line: 2, column: 7),
            path: "routes[0].pth", hint: "did you mean \"path\"?")
        let answer = await answer("/reload", method: "POST", outcome: .rejected(ConfigFailure([diagnostic])))
        #expect(answer.status == 422)
        #expect(
            text(answer).contains(
                #""diagnostics":[{"severity":"error","code":"unknown-key","message":"route has no key \"pth\"","#
                    + #""file":"g.yaml","line":2,"column":7,"path":"routes[0].pth","hint":"did you mean \"path\"?"}]"#))
    }

    @Test func rollbackTakesANumber() async {
        #expect(await answer("/rollback", method: "POST").status == 200)
        #expect(await answer("/rollback", method: "POST", query: [("generation", "4")]).status == 200)
        #expect(await answer("/rollback", method: "POST", query: [("generation", "x")]).status == 400)
        #expect(await answer("/rollback", method: "POST", outcome: .unknownGeneration).status == 404)
        #expect(asked.all == ["rollback -", "rollback 4", "rollback -"])
    }

    @Test func explains() async {
        var config = GatewayConfig()
        var route = RouteConfig(name: "a", action: .respond(status: 204, body: "", headers: []))
        route.match.path = .pattern("/a")
        config.routes = [route]
        engine.serve(config)
        let found = await answer("/explain", query: [("url", "/a"), ("header", "x-a: 1")])
        #expect(found.status == 200 && text(found).contains("\"route\":\"a\""))
        for query in [[], [("url", "a b")], [("url", "/a"), ("header", "nonsense")]] {
            #expect(await answer("/explain", query: query).status == 400)
        }
    }

    @Test(arguments: AdminEndpoint.allCases)
    func answersAsDescribed(_ endpoint: AdminEndpoint) async {
        let answer = await answer(endpoint.rawValue, method: endpoint.methods[0])
        let response = endpoint.responses.first { $0.status == answer.status }
        #expect(response != nil, "\(answer.status) is not described")
        #expect(response?.contentType == answer.contentType)
    }

    @Test func theDescriptionIsPublished() throws {
        try GoldenFile.expect(
            OpenAPIDocument.json.pretty + "\n", at: RepositoryFiles.root + "/docs/Reference/openapi.json")
    }
}

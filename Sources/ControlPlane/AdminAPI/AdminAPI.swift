import Config
import Routing

/// The admin API without its server: a request goes in, an answer comes out.
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

        init(status: Int = 200, _ json: JSONText) {
            self.init(status: status, body: json.bytes)
        }

        /// A file that is always the same, of the type that the table says.
        init(_ endpoint: AdminEndpoint, text: String) {
            let response = endpoint.responses[0]
            self.init(status: response.status, contentType: response.contentType, body: Array(text.utf8))
        }
    }

    private let status: any GatewayStatus
    private let actions: AdminActions
    private let routes = CompiledRoutes()

    package init(status: any GatewayStatus, actions: AdminActions) {
        self.status = status
        self.actions = actions
    }

    package func answer(_ request: AdminRequest) async -> Answer {
        guard let endpoint = AdminEndpoint(rawValue: request.path) else {
            let known = AdminEndpoint.allCases.map(\.rawValue).joined(separator: ", ")
            return problem(404, "Not Found", "There is \(known).")
        }
        guard endpoint.methods.contains(request.method) else {
            let methods = endpoint.methods
            var answer = problem(
                405, "Method Not Allowed", "\(request.path) answers \(methods.joined(separator: " and ")).")
            answer.allow = methods.joined(separator: ", ")
            return answer
        }
        guard endpoint.isChange else {
            if endpoint.isTelling, !AdminAccess.mayRead(request) {
                return problem(
                    403, "Forbidden", "The Host is not an address of this machine, as when a name was rebound to it.")
            }
            return await read(endpoint, request)
        }
        switch AdminAccess.verdict(request, token: status.servedConfig.admin.token) {
        case .allowed: return await change(endpoint, request)
        case .unauthenticated:
            return problem(401, "Unauthorized", "Send the field `Authorization: Bearer …` with admin.token.")
        case .forbidden(let reason): return problem(403, "Forbidden", reason)
        }
    }

    // MARK: Reading

    private func read(_ endpoint: AdminEndpoint, _ request: AdminRequest) async -> Answer {
        switch endpoint {
        case .page: return Answer(endpoint, text: StatusPage.html)
        case .pageScript: return Answer(endpoint, text: StatusPage.script)
        case .pageStyle: return Answer(endpoint, text: StatusPage.style)
        case .healthz: return verdict(good: "ok", bad: "failing", reasons: status.livenessProblems())
        case .readyz: return verdict(good: "ready", bad: "unready", reasons: status.readinessProblems())
        case .metrics:
            let openMetrics = MetricsFormat.preferred(accept: request.accept) == .openMetrics
            return Answer(
                status: 200, contentType: (openMetrics ? MetricsFormat.openMetrics : .text).contentType,
                body: status.metricsText(openMetrics: openMetrics))
        case .routes: return await listRoutes()
        case .upstreams: return Answer(.array(status.upstreamStatus().map(\.json)))
        case .workers: return Answer(.array(status.workerStatus().map(\.json)))
        case .filters: return Answer(.array(status.filterStatus().map(\.json)))
        case .config: return Answer(await actions.effective()?.json ?? .array([]))
        case .generations: return Answer(.array(await actions.generations().reversed().map(\.json)))
        case .events: return Answer(.array(actions.events().reversed().map(\.json)))
        case .explain: return await explain(request)
        case .openAPI: return Answer(OpenAPIDocument.json)
        case .reload, .rollback, .drain: return problem(405, "Method Not Allowed", "")
        }
    }

    private func verdict(good: String, bad: String, reasons: [String]) -> Answer {
        guard !reasons.isEmpty else { return Answer(.object([("status", .string(good))])) }
        return Answer(
            status: 503, .object([("status", .string(bad)), ("reasons", .array(reasons.map { .string($0) }))]))
    }

    private func listRoutes() async -> Answer {
        let mask = await actions.mask()
        do throws(ConfigFailure) {
            let listing = try routes.withTable(of: status.servedConfig) { table throws(ConfigFailure) in
                table.listing()
            }
            return Answer(mask.masked(.array(listing.map(\.json))))
        } catch {
            // What is served has been compiled before.
            return problem(500, "Internal Server Error", "The routes cannot be listed.")
        }
    }

    private func explain(_ request: AdminRequest) async -> Answer {
        guard let text = request.values(of: "url").first, let url = RequestURL(text) else {
            return problem(400, "Bad Request", "`url` must be http://host/path?query, or just /path?query.")
        }
        var headers: [(name: String, value: String)] = []
        for line in request.values(of: "header") {
            guard let field = RequestExplanation.field(line) else {
                return problem(400, "Bad Request", "`header` must be `name: value`.")
            }
            headers.append(field)
        }
        let method = request.values(of: "method").first ?? "GET"
        let mask = await actions.mask()
        do throws(ConfigFailure) {
            let config = status.servedConfig
            let explanation = try routes.withTable(of: config) { table throws(ConfigFailure) in
                try RequestExplanation(method: method, url: url, headers: headers, config: config, table: table).json
            }
            return Answer(mask.masked(explanation))
        } catch {
            return problem(500, "Internal Server Error", "The request cannot be explained.")
        }
    }

    // MARK: Changing

    private func change(_ endpoint: AdminEndpoint, _ request: AdminRequest) async -> Answer {
        switch endpoint {
        case .reload: return answer(await actions.reload())
        case .rollback:
            var number: Int?
            if let text = request.values(of: "generation").first {
                guard let parsed = Int(text) else {
                    return problem(400, "Bad Request", "`generation` must be a number.")
                }
                number = parsed
            }
            return answer(await actions.rollback(number))
        case .drain:
            await actions.drain()
            return Answer(status: 202, .object([("status", .string("draining"))]))
        default: return problem(405, "Method Not Allowed", "")
        }
    }

    private func answer(_ outcome: ReloadOutcome) -> Answer {
        switch outcome {
        case .published(let generation):
            return Answer(.object([("result", .string("published"))] + generation.members))
        case .unchanged(let number):
            return Answer(.object([("result", .string("unchanged")), ("generation", .integer(number))]))
        case .rejected(let failure):
            return problem(
                422, "Configuration Rejected", "The running generation stays in use.",
                [("diagnostics", .array(failure.diagnostics.map(\.json)))])
        case .refused(let reason): return problem(409, "Conflict", reason)
        case .unknownGeneration:
            return problem(404, "Not Found", "That generation is not remembered; see /generations.")
        }
    }

    /// RFC 9457; the type is `about:blank`, since the status says all there is to say.
    private func problem(
        _ status: Int, _ title: String, _ detail: String, _ members: [(String, JSONText)] = []
    ) -> Answer {
        let text = JSONText.object(
            [
                ("type", .string("about:blank")), ("title", .string(title)), ("status", .integer(status)),
                ("detail", .string(detail)),
            ] + members)
        return Answer(status: status, contentType: "application/problem+json", body: text.bytes)
    }
}

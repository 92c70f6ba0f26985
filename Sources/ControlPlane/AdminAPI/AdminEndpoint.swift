/// Every endpoint of the admin API, declared once: what answers, the OpenAPI document and the tests read this table.
package enum AdminEndpoint: String, CaseIterable, Sendable {
    case page = "/"
    case pageScript = "/status.js"
    case pageStyle = "/status.css"
    case healthz = "/healthz"
    case readyz = "/readyz"
    case metrics = "/metrics"
    case routes = "/routes"
    case upstreams = "/upstreams"
    case workers = "/workers"
    case filters = "/filters"
    case config = "/config"
    case generations = "/generations"
    case events = "/events"
    case explain = "/explain"
    case openAPI = "/openapi.json"
    case reload = "/reload"
    case rollback = "/rollback"
    case drain = "/drain"

    /// A parameter of the query.
    package struct Parameter: Sendable {
        package var name: String
        package var meaning: String
        package var isRequired: Bool
        /// Whole numbers in a range instead of texts.
        package var range: ClosedRange<Int>?
        /// What texts match.
        package var pattern: String?
        package var isRepeated = false
    }

    package struct Response: Sendable {
        package var status: Int
        package var meaning: String
        package var contentType = "application/json"
    }

    /// Whether it changes what the gateway does: answered to POST, to those who may.
    package var isChange: Bool {
        switch self {
        case .reload, .rollback, .drain: true
        default: false
        }
    }

    /// Whether it tells how the gateway is configured; probes and scrapers ask for the others, under any name.
    var isTelling: Bool {
        switch self {
        case .page, .pageScript, .pageStyle, .healthz, .readyz, .metrics, .openAPI: false
        default: !isChange
        }
    }

    package var summary: String {
        switch self {
        case .page: "A page for people: what the gateway does now. It changes nothing."
        case .pageScript: "The script of that page."
        case .pageStyle: "The style of that page."
        case .healthz: "Whether the process lives: every worker's loop has turned lately."
        case .readyz:
            "Whether new requests should be sent here: every worker serves the newest generation, no drain began."
        case .metrics: "All metrics, as Prometheus text, or as OpenMetrics where `Accept` asks for it."
        case .routes: "The routes in the order in which they are tried."
        case .upstreams: "The upstreams with the addresses of their targets."
        case .workers: "The workers, what they serve, and when their loops last turned."
        case .filters: "The Lua filters: their versions, and what each has done and used."
        case .config: "The effective configuration, the origin of every value, secrets redacted."
        case .generations: "The last ten configurations that were served, and what each changed."
        case .events: "What happened lately: reloads, drains, names that do not resolve."
        case .explain: "What the gateway would do with a request, and why."
        case .openAPI: "This description."
        case .reload: "Read the configuration again and serve it, unless something is wrong with it."
        case .rollback: "Serve an older configuration again."
        case .drain: "Stop as on SIGTERM: not ready at once, then no new connections, then the end."
        }
    }

    package var parameters: [Parameter] {
        switch self {
        case .explain:
            [
                Parameter(
                    name: "method", meaning: "The request method; GET when left out.", isRequired: false,
                    pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"),
                Parameter(
                    name: "url", meaning: "`http://host/path?query`, or just `/path?query`.", isRequired: true,
                    pattern: #"^(https?://[^/?#@\x00-\x20\x7f]+([/?#][^\x00-\x20\x7f]*)?|/[^\x00-\x20\x7f]*)$"#),
                Parameter(
                    name: "header", meaning: "A field of the request, `name: value`; may be repeated.",
                    isRequired: false, pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+:", isRepeated: true),
            ]
        case .rollback:
            [
                Parameter(
                    name: "generation", meaning: "Which one; the one before the running one when left out.",
                    isRequired: false, range: 1...Int(Int32.max))
            ]
        default: []
        }
    }

    package var responses: [Response] {
        let problem = "application/problem+json"
        switch self {
        case .page: return [Response(status: 200, meaning: "The page.", contentType: "text/html; charset=utf-8")]
        case .pageScript:
            return [Response(status: 200, meaning: "The script.", contentType: "text/javascript; charset=utf-8")]
        case .pageStyle:
            return [Response(status: 200, meaning: "The style.", contentType: "text/css; charset=utf-8")]
        case .healthz:
            return [Response(status: 200, meaning: "It lives."), Response(status: 503, meaning: "Why it does not.")]
        case .readyz:
            return [Response(status: 200, meaning: "It is ready."), Response(status: 503, meaning: "Why it is not.")]
        case .metrics:
            return [Response(status: 200, meaning: "The metrics.", contentType: MetricsFormat.text.contentType)]
        case .openAPI: return [Response(status: 200, meaning: "As described.")]
        case .routes, .upstreams, .workers, .filters, .config, .generations, .events:
            return [
                Response(status: 200, meaning: "As described."),
                Response(status: 403, meaning: "Not under this name.", contentType: problem),
            ]
        case .explain:
            return [
                Response(status: 200, meaning: "What would be done."),
                Response(status: 400, meaning: "A parameter is missing or wrong.", contentType: problem),
                Response(status: 403, meaning: "Not under this name.", contentType: problem),
            ]
        case .reload:
            return [
                Response(status: 200, meaning: "A new generation is served, or nothing had changed."),
                Response(status: 422, meaning: "What is wrong; the running generation stays.", contentType: problem),
            ] + Self.refusals
        case .rollback:
            return [
                Response(status: 200, meaning: "The older configuration is served as a new generation."),
                Response(status: 400, meaning: "The number is none.", contentType: problem),
                Response(status: 404, meaning: "That generation is not remembered.", contentType: problem),
                Response(status: 422, meaning: "It cannot be served any more.", contentType: problem),
            ] + Self.refusals
        case .drain: return [Response(status: 202, meaning: "It has begun.")] + Self.refusals
        }
    }

    private static let refusals = [
        Response(status: 401, meaning: "The token is missing or wrong.", contentType: "application/problem+json"),
        Response(status: 403, meaning: "Not from here.", contentType: "application/problem+json"),
        Response(status: 409, meaning: "Not now.", contentType: "application/problem+json"),
    ]

    package var methods: [String] { isChange ? ["POST"] : ["GET", "HEAD"] }
}

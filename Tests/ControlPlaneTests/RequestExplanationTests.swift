import Config
import ControlPlane
import Testing

@Suite("what would become of a request") struct RequestExplanationTests {
    static let config = Result {
        try ConfigLoader(environment: { _ in nil }).load(
            yaml: """
                upstreams:
                  users: { targets: ["http://127.0.0.1:9001"] }
                  next: { targets: ["http://127.0.0.1:9002"] }
                middleware:
                  stamp: { type: headers, request: { set: { x-a: "1" } } }
                routes:
                  - name: user
                    path: "/api/users/{id}"
                    methods: [GET]
                    split: [{ upstream: users, weight: 9 }, { upstream: next, weight: 1 }]
                    rewrite: { path: "/u/{id}", host: "users.internal" }
                    middleware: [stamp, { type: request-size, limit: 1KiB }]
                  - { name: rest, path: "/api/*", upstream: users }
                  - { name: old, path: "/old/*", redirect: { status: 308, location: "https://$host/new/{*}$query" } }
                  - { name: hello, path: "/hello", hosts: [example.com], respond: { status: 200, body: hi } }
                """, file: "test.yaml"
        ).config
    }

    private func explain(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = []
    ) throws -> RequestExplanation {
        try RequestExplanation(
            method: method, url: #require(RequestURL(url)), headers: headers, config: Self.config.get())
    }

    @Test func aForwardedRequest() throws {
        let explanation = try explain("GET", "http://example.com/api/./users/7?x=1")
        #expect(explanation.isRouted)
        #expect(
            explanation.outcome
                == .forward(
                    upstreams: ["users (weight 9)", "next (weight 1)"], target: "/u/7?x=1", host: "users.internal"))
        #expect(explanation.filters.map(\.type) == ["headers", "request-size"])
        #expect(explanation.normalPath == "/api/users/7")
        for part in ["route: user", "{id} = 7", "test.yaml:7:5", "stamp (headers)", "/u/7?x=1", "rest"] {
            #expect(explanation.text.contains(part), "\(part) in \(explanation.text)")
        }
    }

    @Test func aRedirectAndAnAnswer() throws {
        #expect(
            try explain("GET", "http://a.example/old/x/y?q=1").outcome
                == .redirect(status: 308, location: "https://a.example/new/x/y?q=1"))
        #expect(try explain("GET", "/hello", headers: [("Host", "example.com")]).outcome == .respond(status: 200))
    }

    @Test func refusals() throws {
        let missing = try explain("GET", "http://other.example/hello")
        #expect(!missing.isRouted)
        #expect(missing.outcome == .refuse(status: 404, code: "no_route", why: "no route fits"))
        #expect(missing.text.contains("hello"), "the near miss, in \(missing.text)")
        let malformed = try explain("GET", "/a%2Fb")
        #expect(malformed.outcome == .refuse(status: 400, code: "bad_request", why: "encoded slash in the path"))
        #expect(malformed.normalPath == nil)
    }

    @Test func json() throws {
        let text = try explain("GET", "http://example.com/api/users/7").json.compact
        #expect(text.contains(#""route":"user""#))
        #expect(text.contains(#""parameters":{"id":"7"}"#))
        #expect(text.contains(#""outcome":{"kind":"forward""#))
        #expect(text.contains(#"{"route":"rest""#))
    }
}

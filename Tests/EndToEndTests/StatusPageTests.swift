import Foundation
import GatewayTesting
import Testing

extension Trait where Self == ConditionTrait {
    fileprivate static var inBrowser: Self {
        .enabled(if: HeadlessBrowser.path != nil, "needs a browser: apt-get install chromium-headless-shell")
    }
}

/// The page for people in a real browser. Serialized: one browser at a time is heavy enough.
@Suite("status page", .serialized, .timeLimit(.minutes(3)))
struct StatusPageTests {
    private static let hostileName = "<img src=x onerror=alert(1)>"

    private func gateway(_ upstream: ScriptedUpstream) throws -> GatewayProcess {
        try GatewayProcess(
            workers: 2, upstream: upstream,
            config: """
                upstreams:
                  stock: { targets: [{ url: "\(upstream.url)", weight: 7 }] }
                routes:
                  - { name: orders, path: "/orders/*", upstream: stock }
                  - { name: "\(Self.hostileName)", path: "/hostile/*", respond: { status: 503, body: "no" } }

                """)
    }

    /// The texts of the cells of each row in the body of that table.
    private func rows(_ id: String, in page: String) -> [[String]] {
        guard let start = page.range(of: "<tbody id=\"\(id)\">") else { return [] }
        let body = page[start.upperBound...]
        guard let end = body.range(of: "</tbody>") else { return [] }
        return body[..<end.lowerBound].matches(of: /<tr[^>]*>(.*?)<\/tr>/.dotMatchesNewlines()).map { row in
            row.output.1.matches(of: /<(?:th|td)[^>]*>(.*?)<\/(?:th|td)>/.dotMatchesNewlines()).map {
                String($0.output.1)
            }
        }
    }

    private func text(_ id: String, in page: String) throws -> String {
        let pattern = try Regex("id=\"\(id)\"[^>]*>([^<]*)<", as: (Substring, Substring).self)
        return try #require(page.firstMatch(of: pattern)).output.1.description
    }

    @Test(.inBrowser) func showsWhatTheGatewayDoes() throws {
        let upstream = try ScriptedUpstream()
        let gateway = try gateway(upstream)
        for _ in 0..<5 { #expect(try gateway.get("/orders/1").status == 200) }
        for _ in 0..<3 { #expect(try gateway.get("/hostile/<script>").status == 503) }
        try waitUntil("eight requests are counted") {
            try gateway.metrics().count("gateway_http_requests_total") == 8
        }
        let page = try HeadlessBrowser.elements(of: "http://127.0.0.1:\(gateway.adminPort)/")

        #expect(try text("readiness", in: page) == "ready")
        #expect(page.contains("<title>ready · gateway</title>"))
        #expect(try text("generation", in: page) == "1")
        #expect(page.firstMatch(of: /id="notice"[^>]*hidden/) != nil)
        // Rates and times of ten quiet seconds.
        #expect(try text("rate", in: page) == "0")
        #expect(try text("p99", in: page) == "–")
        let hostile = "&lt;img src=x onerror=alert(1)&gt;"
        let traffic = rows("traffic-rows", in: page)
        #expect(traffic.map(\.first) == ["All routes", "orders", hostile])
        #expect(traffic.map(\.last) == ["8", "5", "3"])
        let upstreams = rows("upstreams-rows", in: page)
        #expect(upstreams.map { $0.prefix(3) } == [["stock", "", "5"], ["127.0.0.1:\(upstream.port)", "7", "5"]])
        #expect(rows("workers-rows", in: page).map { $0.prefix(2) } == [["0", "1"], ["1", "1"]])
        #expect(rows("generations-rows", in: page).map(\.first) == ["1"])
        #expect(rows("events-rows", in: page).contains { $0[1] == "started" })
        #expect(rows("routes-rows", in: page).map { $0[1] } == [hostile, "orders"])
        // As text wherever it is shown.
        #expect(page.firstMatch(of: /<img/.ignoresCase()) == nil)
    }

    @Test(.inBrowser) func explainsARequest() throws {
        let gateway = try gateway(try ScriptedUpstream())
        let address = "http://127.0.0.1:\(gateway.adminPort)/?method=POST&url="
        let forwarded = try HeadlessBrowser.elements(of: address + "/orders/7%3Fa=1")
        #expect(forwarded.contains("<p>POST /orders/7?a=1 goes to upstream stock.</p>"))
        #expect(forwarded.contains("<dd>orders</dd>"))
        let refused = try HeadlessBrowser.elements(of: address + "/%3Cimg%3E")
        #expect(refused.contains("It is refused with 404 no_route"))
        #expect(refused.firstMatch(of: /<img/.ignoresCase()) == nil)
        let nonsense = try HeadlessBrowser.elements(of: address + "nonsense")
        #expect(nonsense.contains("must be http://host/path?query"))
    }

    /// A proxy in front that serves the page under a prefix; or only a part of what it needs.
    @Test(.inBrowser, arguments: [false, true]) func standsBehindAProxy(_ isPartLost: Bool) throws {
        let watched = try gateway(try ScriptedUpstream())
        let lost = "  - { name: lost, path: \"/watch/upstreams\", respond: { status: 404, body: \"\" } }\n"
        let proxy = try GatewayProcess(
            config: """
                routes:
                \(isPartLost ? lost : "")  - name: page
                    path: "/watch/*"
                    rewrite: { strip_prefix: "/watch" }
                    upstream: "http://127.0.0.1:\(watched.adminPort)"

                """)
        let page = try HeadlessBrowser.elements(of: "http://127.0.0.1:\(proxy.port)/watch/")
        #expect(try text("readiness", in: page) == (isPartLost ? "unknown" : "ready"))
        #expect(rows("upstreams-rows", in: page).count == (isPartLost ? 0 : 2))
        #expect((page.firstMatch(of: /id="notice"[^>]*hidden/) == nil) == isPartLost)
        let said = "Something is wrong: /upstreams answered 404. Trying again every 2 s."
        #expect(try text("notice", in: page) == (isPartLost ? said : ""))
    }

    @Test func nothingElseMayRun() throws {
        let gateway = try gateway(try ScriptedUpstream())
        for path in ["/", "/status.js", "/status.css", "/events"] {
            let response = try gateway.admin(path)
            #expect(response.status == 200)
            let policy = response["content-security-policy"] ?? ""
            for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
                #expect(policy.contains(part), "\(path)")
            }
            #expect(!policy.contains("unsafe"))
            #expect(response["x-content-type-options"] == "nosniff")
        }
    }
}

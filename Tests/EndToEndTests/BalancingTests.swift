import GatewayTesting
import Testing

/// Who gets how much, seen from the upstreams.
@Suite("balancing", .timeLimit(.minutes(3)))
struct BalancingTests {
    private func upstreams(_ count: Int) throws -> [ScriptedUpstream] {
        try (0..<count).map { number in
            try ScriptedUpstream { _, session in try session.respond("\(number)") }
        }
    }

    private func config(_ targets: [String], balance: String) -> String {
        """
        upstreams:
          pool: { targets: [\(targets.joined(separator: ", "))], balance: \(balance) }
        routes:
          - { name: all, path: "/*", upstream: pool }
        """
    }

    @Test(arguments: [1, 2])
    func weightedRoundRobin(workers: Int) throws {
        let pool = try upstreams(3)
        let targets = zip(pool, [1, 2, 3]).map { "{ url: \"\($0.url)\", weight: \($1) }" }
        let gateway = try GatewayProcess(workers: workers, config: config(targets, balance: "round-robin"))
        for _ in 0..<12 {
            // A connection lives on one worker; each of the twelve may live on another.
            let connection = try gateway.connect()
            for _ in 0..<10 { #expect(try connection.get("/").status == 200) }
        }
        let counts = pool.map { $0.requests.count }
        #expect(counts.reduce(0, +) == 120)
        for (count, share) in zip(counts, [20, 40, 60]) {
            // Each worker is within one of the exact share.
            #expect(abs(count - share) <= workers, "\(counts)")
        }
    }

    @Test func roundRobinIsSmooth() throws {
        let pool = try upstreams(2)
        let targets = zip(pool, [3, 1]).map { "{ url: \"\($0.url)\", weight: \($1) }" }
        let gateway = try GatewayProcess(config: config(targets, balance: "round-robin"))
        let connection = try gateway.connect()
        let order = try (0..<16).map { _ in try connection.get("/").text }.joined()
        // With 3 : 1 the rare one is never chosen twice within four, nor left out of eight.
        #expect(order.range(of: "11") == nil, "\(order)")
        #expect(order.filter { $0 == "1" }.count == 4, "\(order)")
        #expect(order.range(of: "0000000") == nil, "\(order)")
    }

    @Test(arguments: ["least-connections", "power-of-two"])
    func avoidsTheBusyOne(_ balance: String) throws {
        let pool = try upstreams(2)
        let release = Gate()
        for upstream in pool {
            upstream.on("/slow") { _, session in
                try release.wait()
                try session.respond("slow")
            }
        }
        let gateway = try GatewayProcess(workers: 2, config: config(pool.map { "\"\($0.url)\"" }, balance: balance))
        let waiting = try (0..<3).map { _ in try gateway.connect() }
        try waiting[0].send(RawConnection.request("GET", "/slow"))
        try waitUntil("the slow request is under way") { pool.contains { !$0.requests(to: "/slow").isEmpty } }
        let busy = try #require(pool.firstIndex { !$0.requests(to: "/slow").isEmpty })
        for _ in 0..<20 { #expect(try gateway.get("/").text == "\(1 - busy)") }
        release.open()
        #expect(try waiting[0].response().text == "slow")
    }

    @Test(arguments: ["random", "power-of-two", "least-connections"])
    func usesEveryTarget(_ balance: String) throws {
        let pool = try upstreams(3)
        let gateway = try GatewayProcess(config: config(pool.map { "\"\($0.url)\"" }, balance: balance))
        let connection = try gateway.connect()
        for _ in 0..<120 { #expect(try connection.get("/").status == 200) }
        // The chance that one of three fair targets gets less than 10 of 120 is below one in a million.
        #expect(pool.allSatisfy { $0.requests.count >= 10 }, "\(pool.map { $0.requests.count })")
    }

    @Test func hashKeepsAUserInPlace() throws {
        let pool = try upstreams(3)
        let balance = "{ hash: \"header:x-user\", table: maglev }"
        let gateway = try GatewayProcess(workers: 2, config: config(pool.map { "\"\($0.url)\"" }, balance: balance))
        var places: [String: Set<String>] = [:]
        for _ in 0..<3 {
            let connection = try gateway.connect()
            for user in 0..<40 {
                places["\(user)", default: []].insert(try connection.get("/", "X-User: user-\(user)").text)
            }
        }
        #expect(places.values.allSatisfy { $0.count == 1 }, "a user moved: \(places)")
        #expect(Set(places.values.flatMap { $0 }).count == 3, "all users in one place")
    }

    @Test func targetsWithoutWeightGetNothing() throws {
        let pool = try upstreams(2)
        let targets = ["{ url: \"\(pool[0].url)\", weight: 0 }", "{ url: \"\(pool[1].url)\", weight: 1 }"]
        let gateway = try GatewayProcess(config: config(targets, balance: "round-robin"))
        let connection = try gateway.connect()
        for _ in 0..<20 { #expect(try connection.get("/").text == "1") }
        #expect(pool[0].requests.isEmpty)
    }

    @Test func namesAreResolved() throws {
        // `localhost` may also mean ::1, where nothing listens: an address that refuses is not the end of it.
        let pool = try upstreams(1)
        let gateway = try GatewayProcess(
            config: config(["\"http://localhost:\(pool[0].port)\""], balance: "round-robin"))
        try waitUntil("localhost resolves") { (try? gateway.get("/"))?.status == 200 }
        for _ in 0..<10 { #expect(try gateway.get("/").status == 200) }
        #expect(pool[0].requests.last?["host"] == "gateway.test")
    }

    @Test func unresolvableNameStopsNothingElse() throws {
        let pool = try upstreams(1)
        let gateway = try GatewayProcess(
            config: """
                routes:
                  - { name: good, path: "/good", upstream: "\(pool[0].url)" }
                  - { name: lost, path: "/lost", upstream: "http://no-such-host.invalid:8080" }
                """)
        #expect(try gateway.get("/good").status == 200)
        let lost = try gateway.get("/lost")
        #expect(lost.status == 503)
        #expect(lost.problemCode == "upstream_unresolved")
        #expect(try gateway.admin("/readyz").status == 200)
    }

    @Test func servesARealNginx() throws {
        let nginx = try NginxProcess(
            server: "location /api/ { add_header X-Seen-Host $host; return 200 \"$request_uri\"; }",
            files: ["page.html": String(repeating: "nginx ", count: 50_000)])
        let gateway = try GatewayProcess(
            config: "routes:\n  - { name: all, path: \"/*\", upstream: \"\(nginx.url)\" }\n")
        let connection = try gateway.connect()
        let echoed = try connection.get("/api/x?y=z")
        #expect(echoed.text == "/api/x?y=z")
        #expect(echoed["x-seen-host"] == "gateway.test")
        let page = try connection.get("/page.html")
        #expect(page.body.count == 300_000)
        #expect(page.isComplete)
        let etag = try #require(page["etag"])
        #expect(try connection.get("/page.html", "If-None-Match: \(etag)").status == 304)
        #expect(try connection.get("/page.html", "Range: bytes=0-4").text == "nginx")
        #expect(try connection.get("/missing").status == 404)
    }
}

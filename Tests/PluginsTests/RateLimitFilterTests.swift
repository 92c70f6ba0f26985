import Bytes
import Config
import HTTP
import Telemetry
import Testing

@testable import Plugins

@Suite struct RateLimitFilterTests {
    private let registry = MetricRegistry(workerCount: 1, methodNames: [])

    private func filter(
        _ limits: [RateLimitFilterConfig.Rate], _ change: (inout RateLimitFilterConfig) -> Void = { _ in }
    ) -> RateLimitFilter {
        var config = RateLimitFilterConfig()
        config.limits = limits
        config.keysMax = 1024
        change(&config)
        return RateLimitFilter(
            name: "lim", config, table: RateLimitTable(config),
            series: RateLimitSeries(shard: registry.makeShard(worker: 0), limit: registry.filters.id(for: "lim")))
    }

    private func exchange(at seconds: Double = 0, _ lines: String...) -> FakeFilterExchange {
        let exchange = FakeFilterExchange()
        exchange.receive("GET /a?q=1 HTTP/1.1", "Host: a", lines.first ?? "X-A: b")
        exchange.now = Instant(nanoseconds: 1_000_000_000_000 + Int64(seconds * 1e9))
        return exchange
    }

    private func passes(_ filter: RateLimitFilter, _ exchange: FakeFilterExchange) -> Bool {
        filter.onRequest(exchange).isProceed
    }

    @Test func aBurstAndThenTheRate() {
        let filter = filter([.init(count: 60, period: .seconds(60), burst: 10)])
        #expect((0..<15).filter { _ in passes(filter, exchange()) }.count == 10)
        #expect(!passes(filter, exchange(at: 0.9)))
        #expect(passes(filter, exchange(at: 1)))
        #expect(!passes(filter, exchange(at: 1.5)))
        #expect((0..<15).filter { _ in passes(filter, exchange(at: 100)) }.count == 10)
    }

    @Test func clientsAreTold() throws {
        let filter = filter([.init(count: 60, period: .seconds(60), burst: 2)])
        let first = exchange()
        #expect(passes(filter, first))
        #expect(first.responseEdits.description == "=ratelimit: \"lim\";r=1;t=1\n=ratelimit-policy: \"lim\";q=60;w=60")
        #expect(passes(filter, exchange()))
        let third = exchange()
        guard case .respond(let answer) = filter.onRequest(third) else {
            Issue.record("it passed")
            return
        }
        #expect(answer.status == 429 && answer.reason == .rateLimited)
        #expect(answer.headers == [HeaderPair(name: Array("retry-after".utf8), value: Array("1".utf8))])
        #expect(third.responseEdits.description.contains("r=0;t=2"))
        let silent = self.filter([.init(count: 1, period: .seconds(1))]) { $0.headers = false }
        let told = exchange()
        #expect(passes(silent, told))
        #expect(told.responseEdits.isEmpty)
    }

    @Test func retryAfterSaysWhen() throws {
        let filter = filter([.init(count: 1, period: .seconds(3600))])
        #expect(passes(filter, exchange()))
        guard case .respond(let answer) = filter.onRequest(exchange(at: 60.5)) else {
            Issue.record("it passed")
            return
        }
        #expect(answer.headers.first?.value == Array("3540".utf8))
        #expect(!passes(filter, exchange(at: 3599.9)))
        #expect(passes(filter, exchange(at: 3600)))
    }

    @Test func severalRatesMustHoldAndARefusalCostsNothing() {
        let filter = filter([.init(count: 10, period: .seconds(1)), .init(count: 15, period: .seconds(3600))])
        #expect((0..<100).filter { _ in passes(filter, exchange()) }.count == 10)
        // The ninety that were refused did not use up the hour's rate.
        #expect((0..<100).filter { _ in passes(filter, exchange(at: 1)) }.count == 5)
        #expect((0..<100).filter { _ in passes(filter, exchange(at: 2)) }.count == 0)
    }

    @Test func aCostCountsSeveralTimes() {
        let filter = filter([.init(count: 10, period: .seconds(1))]) { $0.cost = 4 }
        #expect((0..<5).filter { _ in passes(filter, exchange()) }.count == 2)
    }

    @Test func aShadowLetsEverythingPass() {
        let filter = filter([.init(count: 1, period: .seconds(60))]) { $0.isShadow = true }
        #expect((0..<5).filter { _ in passes(filter, exchange()) }.count == 5)
        let counts = registry.counts(of: .rateLimitDecisions)
        #expect(counts.contains { $0.labels == ["lim", "shadowed"] && $0.value == 4 }, "\(counts)")
    }

    struct Key: Sendable, CustomTestStringConvertible {
        var keys: [LimitKeyConfig]
        var first: String
        var second: String
        var isSame: Bool
        var testDescription: String { "\(keys): \(first), \(second)" }
    }

    @Test(arguments: [
        Key(keys: [.global], first: "1.1.1.1", second: "2.2.2.2", isSame: true),
        Key(keys: [.client], first: "1.1.1.1", second: "1.1.1.1", isSame: true),
        Key(keys: [.client], first: "1.1.1.1", second: "1.1.1.2", isSame: false),
        Key(keys: [.clientIP], first: "2001:db8::1", second: "2001:db8::ffff", isSame: true),
        Key(keys: [.clientIP], first: "2001:db8:0:1::1", second: "2001:db8:0:2::1", isSame: false),
        Key(keys: [.clientIP], first: "1.1.1.1", second: "::ffff:1.1.1.1", isSame: true),
    ])
    func addressesAreKeys(_ row: Key) throws {
        let filter = filter([.init(count: 1, period: .seconds(60))]) { $0.keys = row.keys }
        let (first, second) = (exchange(), exchange())
        first.clientAddress = try #require(IPAddress(row.first))
        second.clientAddress = try #require(IPAddress(row.second))
        #expect(passes(filter, first))
        #expect(passes(filter, second) == !row.isSame)
    }

    @Test func otherPartsOfARequestAreKeys() {
        let cases: [(LimitKeyConfig, String, String)] = [
            (.header("x-key"), "X-Key: 1", "X-Key: 2"), (.cookie("k"), "Cookie: k=1", "Cookie: k=2"),
            (.header("x-key"), "X-Other: 1", "X-Key: 2"),
        ]
        for (key, first, second) in cases {
            let filter = filter([.init(count: 1, period: .seconds(60))]) { $0.keys = [key] }
            #expect(passes(filter, exchange(first)))
            #expect(!passes(filter, exchange(first)))
            #expect(passes(filter, exchange(second)), "\(key)")
        }
    }

    private func exchange(_ line: String) -> FakeFilterExchange { exchange(at: 0, line) }

    @Test func whoeverAuthenticatedIsTheClient() {
        let filter = filter([.init(count: 1, period: .seconds(60))])
        func request(by consumer: String) -> FakeFilterExchange {
            let exchange = exchange()
            exchange.identity = ClientIdentity(
                scheme: "jwt", consumer: Array(consumer.utf8), subject: [], json: [],
                claims: [Array("org".utf8): Array("acme".utf8)])
            return exchange
        }
        #expect(passes(filter, request(by: "ada")))
        #expect(!passes(filter, request(by: "ada")))
        #expect(passes(filter, request(by: "bob")))
        let byClaim = self.filter([.init(count: 1, period: .seconds(60))]) { $0.keys = [.claim("org"), .route] }
        #expect(passes(byClaim, request(by: "ada")))
        #expect(!passes(byClaim, request(by: "bob")))
    }

    @Test func tablesOutliveGenerationsThatMeanTheSame() {
        let tables = RateLimitTables()
        var config = RateLimitFilterConfig()
        config.limits = [.init(count: 1, period: .seconds(1))]
        let first = tables.table(named: "a", owner: "", config)
        config.isShadow = true
        #expect(tables.table(named: "a", owner: "", config) === first)
        #expect(tables.table(named: "b", owner: "", config) !== first)
        #expect(tables.table(named: "a", owner: "route", config) !== first)
        config.limits[0].burst = 2
        #expect(tables.table(named: "a", owner: "", config) !== first)
    }

    @Test func concurrencyIsGivenBackOnce() {
        var config = ConcurrencyLimitFilterConfig()
        config.max = 2
        let filter = ConcurrencyLimitFilter(
            name: "c", config, table: ConcurrencyTables().table(named: "c", owner: "", config),
            series: RateLimitSeries(shard: registry.makeShard(worker: 0), limit: registry.filters.id(for: "c")))
        let exchanges = (0..<3).map { _ in exchange() }
        #expect(exchanges.map { filter.onRequest($0).isProceed } == [true, true, false])
        filter.onLog(exchanges[2])
        #expect(!filter.onRequest(exchange()).isProceed)
        filter.onLog(exchanges[0])
        filter.onLog(exchanges[0])
        #expect(filter.onRequest(exchange()).isProceed)
        #expect(!filter.onRequest(exchange()).isProceed)
    }
}

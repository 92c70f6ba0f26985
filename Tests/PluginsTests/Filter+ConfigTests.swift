import Config
import HTTP
import Telemetry
import Testing

@testable import Plugins

@Suite struct FilterFactoryTests {
    private func make(_ config: MiddlewareConfig) -> (any Filter)? {
        let registry = MetricRegistry(workerCount: 1, methodNames: Method.allCases.map { "\($0)" })
        return FilterFactory.makeFilter(
            config,
            FilterContext(
                scripts: LuaProgramSet(), resources: FilterResources(), shard: registry.makeShard(worker: 0),
                registry: registry))
    }

    @Test func makesHeaders() throws {
        var config = HeadersFilterConfig()
        config.request.set = [HeaderLine(name: "x-a", value: "1")]
        config.request.add = [HeaderLine(name: "x-b", value: "22")]
        config.response.remove = ["server"]
        let filter = try #require(make(MiddlewareConfig(name: "edit", filter: .headers(config))))
        #expect(filter.name == "edit" && filter is HeadersFilter)
        let exchange = FakeFilterExchange()
        _ = filter.onRequest(exchange)
        _ = filter.onResponse(exchange)
        let request = HeaderEdits()
        request.set(Array("x-a".utf8), Array("1".utf8))
        request.add(Array("x-b".utf8), Array("22".utf8))
        let response = HeaderEdits()
        response.remove(Array("server".utf8))
        #expect("\(exchange.requestEdits)" == "\(request)")
        #expect("\(exchange.responseEdits)" == "\(response)")
    }

    @Test func makesRequestSize() throws {
        var config = RequestSizeFilterConfig(body: 10)
        config.requireContentLength = true
        let filter = try #require(make(MiddlewareConfig(name: "small", filter: .requestSize(config))))
        #expect(filter.name == "small" && filter is RequestSizeFilter)
        let exchange = FakeFilterExchange()
        exchange.requestFraming = .chunked
        #expect(filter.onRequest(exchange).response?.reason == .lengthRequired)
        exchange.requestFraming = .length(11)
        #expect(filter.onRequest(exchange).response?.reason == .bodyTooLarge)
        exchange.requestFraming = .length(10)
        #expect(filter.onRequest(exchange).isProceed && exchange.bodyLimits == [10])
    }

    /// Workers share no objects, so that no reference count is contended.
    @Test func everyWorkerGetsItsOwn() {
        let config = MiddlewareConfig(name: "small", filter: .requestSize(RequestSizeFilterConfig(body: 10)))
        #expect(make(config) !== make(config))
    }
}

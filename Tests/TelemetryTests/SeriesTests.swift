import Telemetry
import Testing

@Suite struct SeriesTests {
    let registry = MetricRegistry(workerCount: 1, methodNames: ["GET", "HEAD", "POST"])

    private func values() -> [String: String] {
        let lines = String(decoding: registry.renderText(), as: UTF8.self).split(separator: "\n")
        let pairs = lines.filter { !$0.hasPrefix("#") }.map { line in
            let space = line.lastIndex(of: " ") ?? line.startIndex
            return (String(line[..<space]), String(line[line.index(after: space)...]))
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    @Test func routesCountExchanges() {
        let series = RouteSeries(shard: registry.makeShard(worker: 0), route: registry.routes.id(for: "r"))
        #expect(values().isEmpty)
        for (status, reason) in [
            (200, EndReason.ok), (200, .ok), (504, .upstreamTimeout), (200, .clientGone), (0, .clientGone),
        ] {
            var exchange = ExchangeObservation()
            exchange.method = 2
            exchange.status = status
            exchange.reason = reason
            exchange.durationNanoseconds = 2_000_000
            exchange.overheadNanoseconds = 30_000
            exchange.requestBytes = 100
            exchange.responseBytes = 1000
            series.observe(exchange)
        }
        let values = values()
        #expect(values["gateway_http_requests_total{route=\"r\",method=\"POST\",status=\"200\"}"] == "3")
        #expect(values["gateway_http_requests_total{route=\"r\",method=\"POST\",status=\"504\"}"] == "1")
        #expect(values["gateway_http_requests_total{route=\"r\",method=\"POST\",status=\"0\"}"] == "1")
        #expect(values["gateway_requests_ended_total{route=\"r\",reason=\"ok\"}"] == "2")
        #expect(values["gateway_requests_ended_total{route=\"r\",reason=\"upstream_timeout\"}"] == "1")
        #expect(values["gateway_requests_ended_total{route=\"r\",reason=\"client_gone\"}"] == "2")
        #expect(values["gateway_http_request_bytes_total{route=\"r\"}"] == "500")
        #expect(values["gateway_http_response_bytes_total{route=\"r\"}"] == "5000")
        #expect(values["gateway_http_request_duration_seconds_bucket{route=\"r\",le=\"0.001\"}"] == "0")
        #expect(values["gateway_http_request_duration_seconds_bucket{route=\"r\",le=\"0.0025\"}"] == "5")
        #expect(values["gateway_http_request_duration_seconds_sum{route=\"r\"}"] == "0.01")
        #expect(values["gateway_http_overhead_seconds_sum{route=\"r\"}"] == "0.00015")
    }

    @Test func upstreamsCountTries() {
        let series = UpstreamSeries(shard: registry.makeShard(worker: 0), upstream: registry.upstreams.id(for: "u"))
        let targets = ["10.0.0.1:80", "10.0.0.2:80"].map { registry.targets.id(for: $0) }
        series.observe(target: targets[0], status: 200, nanoseconds: 1)
        series.observe(target: targets[1], status: 200, nanoseconds: 1)
        series.observe(target: targets[1], status: 0, nanoseconds: 1)
        series.observe(target: targets[1], status: 0, nanoseconds: 1)
        series.retried(.connect)
        series.adjust(active: 3, idle: 0)
        series.adjust(active: -1, idle: 1)
        let values = values()
        #expect(values["gateway_upstream_requests_total{upstream=\"u\",target=\"10.0.0.1:80\",status=\"200\"}"] == "1")
        #expect(values["gateway_upstream_requests_total{upstream=\"u\",target=\"10.0.0.2:80\",status=\"200\"}"] == "1")
        #expect(values["gateway_upstream_requests_total{upstream=\"u\",target=\"10.0.0.2:80\",status=\"0\"}"] == "2")
        #expect(values["gateway_upstream_duration_seconds_count{upstream=\"u\"}"] == "4")
        #expect(values["gateway_upstream_retries_total{upstream=\"u\",reason=\"connect\"}"] == "1")
        #expect(values["gateway_upstream_connections{upstream=\"u\",state=\"active\"}"] == "2")
        #expect(values["gateway_upstream_connections{upstream=\"u\",state=\"idle\"}"] == "1")
    }
}

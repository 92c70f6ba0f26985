import Bytes
import Telemetry
import Testing

@Suite struct MetricShardTests {
    private func registry(workers: Int = 1, seriesMax: Int? = nil) -> MetricRegistry {
        MetricRegistry(
            workerCount: workers, methodNames: ["GET", "POST", "other"],
            budget: SeriesBudget { seriesMax ?? $0.declaration.seriesMax })
    }

    private func lines(_ registry: MetricRegistry, _ family: String) -> [String] {
        String(decoding: registry.renderText(), as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix(family + "{") || $0.hasPrefix(family + " ") }
    }

    @Test func keysPackAndUnpack() {
        let key = SeriesKey(.upstreamRequests, a: 0xABCDEF, b: 0x1234, c: 0x5678)
        #expect(key.metric == .upstreamRequests && key.a == 0xABCDEF && key.b == 0x1234 && key.c == 0x5678)
        #expect(!key.isOverflow && SeriesKey.overflow(.overhead).isOverflow)
        #expect(SeriesKey.overflow(.overhead).metric == .overhead)
        #expect(SeriesKey(bits: .max).metric == nil)
    }

    @Test func sameKeySameCell() {
        let shard = registry().makeShard(worker: 0)
        var cells: [Int] = []
        for id in 1...300 { cells.append(shard.cell(SeriesKey(.requestBytes, a: UInt32(id)))) }
        for id in 1...300 { #expect(shard.cell(SeriesKey(.requestBytes, a: UInt32(id))) == cells[id - 1]) }
        #expect(Set(cells).count == 300)
        let histogram = shard.histogram(SeriesKey(.overhead, a: 1))
        #expect(shard.histogram(SeriesKey(.overhead, a: 1)) == histogram)
        #expect(shard.cell(SeriesKey(.requestBytes, a: 301)) == histogram + HistogramBuckets.cellCount)
    }

    @Test func workersAddUp() {
        let registry = registry(workers: 3)
        let route = registry.routes.id(for: "users")
        for worker in 0..<3 {
            let shard = registry.makeShard(worker: worker)
            // Another order on each worker, so that equal series have different cells.
            for status in worker == 1 ? [404, 200] : [200, 404] {
                let cell = shard.cell(SeriesKey(.requestsTotal, a: route, b: 1, c: UInt16(status)))
                shard.add(cell, UInt64(status + worker))
            }
            shard.adjust(shard.cell(SeriesKey(.requestsInFlight)), by: worker == 2 ? -1 : 3)
        }
        #expect(
            lines(registry, "gateway_http_requests_total") == [
                "gateway_http_requests_total{route=\"users\",method=\"POST\",status=\"200\"} 603",
                "gateway_http_requests_total{route=\"users\",method=\"POST\",status=\"404\"} 1215",
            ])
        #expect(lines(registry, "gateway_http_requests_in_flight") == ["gateway_http_requests_in_flight 5"])
    }

    @Test func histogramsAddUp() {
        let registry = registry(workers: 2)
        let route = registry.routes.id(for: "users")
        let durations: [Int64] = [0, 500_000, 500_001, 1_000_000, 700_000_000, 20_000_000_000, -5]
        for worker in 0..<2 {
            let shard = registry.makeShard(worker: worker)
            for duration in durations {
                shard.observe(shard.histogram(SeriesKey(.overhead, a: route)), nanoseconds: duration)
            }
        }
        let counts = lines(registry, "gateway_http_overhead_seconds_bucket").map { $0.split(separator: " ")[1] }
        #expect(counts == ["6", "10", "10", "10", "10", "10", "10", "10", "10", "10", "12", "12", "12", "12", "14"])
        #expect(
            lines(registry, "gateway_http_overhead_seconds_count") == [
                "gateway_http_overhead_seconds_count{route=\"users\"} 14"
            ])
        #expect(
            lines(registry, "gateway_http_overhead_seconds_sum") == [
                "gateway_http_overhead_seconds_sum{route=\"users\"} 41.404000002"
            ])
    }

    @Test func foldsWhatIsTooMuch() {
        let registry = registry(workers: 2, seriesMax: 2)
        let shards = [registry.makeShard(worker: 0), registry.makeShard(worker: 1)]
        let names = ["a", "b", "c", "d"].map { registry.routes.id(for: $0) }
        // The first worker meets a b c d, the second one d c b a: the budget is one for both, so c and d are folded.
        for (worker, order) in [names, names.reversed()].enumerated() {
            for id in order {
                let cell = shards[worker].cell(SeriesKey(.requestBytes, a: id))
                shards[worker].add(cell, 1)
                #expect(shards[worker].cell(SeriesKey(.requestBytes, a: id)) == cell)
            }
        }
        #expect(
            lines(registry, "gateway_http_request_bytes_total") == [
                "gateway_http_request_bytes_total{route=\"a\"} 2",
                "gateway_http_request_bytes_total{route=\"b\"} 2",
                "gateway_http_request_bytes_total{route=\"_overflow\"} 4",
            ])
        #expect(
            lines(registry, "gateway_metric_overflow_total") == [
                "gateway_metric_overflow_total{metric=\"gateway_http_request_bytes_total\"} 4"
            ])
    }

    @Test func foldsHistogramsAndEveryLabel() {
        let registry = registry(seriesMax: 1)
        let shard = registry.makeShard(worker: 0)
        for id in 1...3 as ClosedRange<UInt32> {
            shard.observe(shard.histogram(SeriesKey(.overhead, a: id)), nanoseconds: 1)
            shard.add(shard.cell(SeriesKey(.upstreamRequests, a: 0, b: UInt16(id), c: 200)))
        }
        #expect(
            lines(registry, "gateway_http_overhead_seconds_count").last
                == "gateway_http_overhead_seconds_count{route=\"_overflow\"} 2")
        #expect(
            lines(registry, "gateway_upstream_requests_total").last
                == "gateway_upstream_requests_total{upstream=\"_overflow\",target=\"_overflow\",status=\"_overflow\"} 2"
        )
    }

    @Test func remembersRefusalsOnlySoLong() {
        let registry = registry(seriesMax: 1)
        let shard = registry.makeShard(worker: 0)
        for id in 0..<10_000 as Range<UInt32> { shard.add(shard.cell(SeriesKey(.requestBytes, a: id))) }
        #expect(lines(registry, "gateway_http_request_bytes_total").last?.hasSuffix(" 9999") == true)
        #expect(lines(registry, "gateway_metric_overflow_total").last?.hasSuffix(" 4096") == true)
        #expect(shard.cells.count < 10)
    }
}

import Bytes
import HTTP
import Telemetry

/// What an ended exchange costs in figures.
enum TelemetryBenches {
    static var all: [Bench] {
        [
            Bench("metrics request and try", observe, baseline: "nine increments in an array", increments),
            Bench("log texts of a request, escaped", escape, baseline: "the same texts, copied", copy),
        ]
    }

    private static let texts = ["/api/users/1", "api.example.com", "Mozilla/5.0 (X11; Linux x86_64)", "a=1&b=2&page=3"]
        .map { Array($0.utf8) }

    private static func escape(_ count: Int) -> Int {
        let out = ByteBuffer(capacity: 4096)
        let redaction = QueryRedaction(["token", "key"])
        let (texts, query) = (texts, texts[3])
        var redacted: [UInt8] = []
        for _ in 0..<count {
            out.clear()
            for index in texts.indices {
                let text = texts[index]
                LogEscape.appendJSON(text.span, to: out)
            }
            redaction.redact(query.span, into: &redacted)
        }
        return out.readableCount + redacted.count
    }

    private static func copy(_ count: Int) -> Int {
        let out = ByteBuffer(capacity: 4096)
        for _ in 0..<count {
            out.clear()
            for text in texts { out.append(text) }
        }
        return out.readableCount
    }

    private static func observe(_ count: Int) -> Int {
        let registry = MetricRegistry(workerCount: 1, methodNames: HTTP.Method.allCases.map { "\($0)" })
        let shard = registry.makeShard(worker: 0)
        let route = RouteSeries(shard: shard, route: registry.routes.id(for: "users"))
        let upstream = UpstreamSeries(shard: shard, upstream: registry.upstreams.id(for: "users"))
        let target = registry.targets.id(for: "10.0.0.1:80")
        var observation = ExchangeObservation()
        observation.status = 200
        observation.requestBytes = 100
        observation.responseBytes = 140
        for turn in 0..<count {
            observation.durationNanoseconds = Int64(100_000 + turn & 0xFFFF)
            observation.overheadNanoseconds = 5000
            route.observe(observation)
            upstream.observe(target: target, status: 200, nanoseconds: 95_000)
        }
        return count
    }

    private static func increments(_ count: Int) -> Int {
        var cells = [Int](repeating: 0, count: 64)
        for turn in 0..<count {
            for offset in 0..<9 { cells[(turn &* 7 &+ offset) & 63] &+= turn }
        }
        return cells[7]
    }
}

import Bytes
package import Config
import HTTP
package import Telemetry

/// `rate-limit`: GCRA over counters that all workers share. Answers 429 (RFC 6585 §4) past the limit, and tells clients
/// where they stand (draft-ietf-httpapi-ratelimit-headers).
package final class RateLimitFilter: Filter {
    package let name: String
    private let table: RateLimitTable
    private let key: LimitKey
    private let cost: UInt64
    private let isShadow: Bool
    private let tellsClients: Bool
    private let series: RateLimitSeries
    /// `"name";q=1000;w=60`, for all rates.
    private let policy: [UInt8]
    /// `"name";r=`, by rate.
    private let prefixes: [[UInt8]]
    private var space: [UInt8] = []

    private static let limitField = Array("ratelimit".utf8)
    private static let policyField = Array("ratelimit-policy".utf8)

    package init(name: String, _ config: RateLimitFilterConfig, table: RateLimitTable, series: RateLimitSeries) {
        self.name = name
        self.table = table
        self.series = series
        key = LimitKey(config.keys)
        cost = UInt64(config.cost)
        isShadow = config.isShadow
        tellsClients = config.headers
        let quoted = name.replacing("\\", with: "_").replacing("\"", with: "_").filter { $0.isASCII }
        let names = config.limits.indices.map { config.limits.count == 1 ? quoted : "\(quoted)-\($0 + 1)" }
        policy = Array(
            zip(names, config.limits).map { "\"\($0)\";q=\($1.count);w=\($1.period.components.seconds)" }
                .joined(separator: ", ").utf8)
        prefixes = names.map { Array("\"\($0)\";r=".utf8) }
    }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        let now = UInt64(bitPattern: exchange.now.nanoseconds)
        let decision = table.take(key.tag(of: exchange), now: now, cost: cost)
        if tellsClients { tell(decision, exchange) }
        if decision.isAdmitted {
            series.count(.allowed)
            return .proceed
        }
        if isShadow {
            series.count(.shadowed)
            return .proceed
        }
        series.count(.limited)
        var response = LocalResponse(status: 429, reason: .rateLimited)
        let seconds = max((decision.retry &+ 999_999_999) / 1_000_000_000, 1)
        response.headers = [HeaderPair(name: Array("retry-after".utf8), value: Array("\(seconds)".utf8))]
        return .respond(response)
    }

    private func tell(_ decision: RateLimitTable.Decision, _ exchange: any FilterExchange) {
        var value: [UInt8] = []
        swap(&value, &space)
        value.removeAll(keepingCapacity: true)
        value += prefixes[decision.rate]
        Self.append(decision.remaining, to: &value)
        value += [UInt8(ascii: ";"), UInt8(ascii: "t"), UInt8(ascii: "=")]
        Self.append((decision.reset &+ 999_999_999) / 1_000_000_000, to: &value)
        let edits = exchange.responseEdits
        edits.set(Self.limitField, value)
        edits.set(Self.policyField, policy)
        swap(&value, &space)
    }

    private static func append(_ number: UInt64, to out: inout [UInt8]) {
        if number >= 10 { append(number / 10, to: &out) }
        out.append(UInt8(truncatingIfNeeded: 0x30 &+ number % 10))
    }
}

import Bytes
package import Config
import Crypto
import HTTP
package import Telemetry

/// `rate-limit`: GCRA over counters that all workers share. Answers 429 (RFC 6585 §4) past the limit, and tells clients
/// where they stand (draft-ietf-httpapi-ratelimit-headers).
package final class RateLimitFilter: Filter {
    package let name: String
    package var phases: FilterPhases { shared == nil ? [] : .log }
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
    /// Where the value of `RateLimit` is written.
    private let space: ByteBuffer
    private var slot = 0
    /// Counters that other gateways use too; nil: this process counts alone.
    private let shared: (any SharedCounters)?
    private let onStoreError: RateLimitFilterConfig.StoreError
    private let storeTimeout: Int64
    private let keyPrefix: [UInt8]

    /// A request that waits for shared counters.
    private final class Pending {
        var isDone = false
        var timer: FilterTimer?
    }

    private static let limitField = FieldName("ratelimit")
    private static let policyField = FieldName("ratelimit-policy")

    package init(
        name: String, _ config: RateLimitFilterConfig, table: RateLimitTable, series: RateLimitSeries,
        shared: (any SharedCounters)? = nil
    ) {
        self.name = name
        self.shared = shared
        onStoreError = config.onStoreError
        storeTimeout = config.redisTimeout.nanoseconds
        keyPrefix = Array("gw:rl:\(name):".utf8)
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
        space = ByteBuffer(capacity: (prefixes.map(\.count).max() ?? 0) + 64)
    }

    package func place(at slot: Int) { self.slot = slot }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        guard let shared else { return decideAlone(exchange) }
        guard !shared.isDown else { return decideWithout(exchange) }
        let question = question(exchange)
        let pending = Pending()
        exchange.setState(of: slot, pending)
        pending.timer = exchange.host.after(storeTimeout) { [self] in
            settle(pending) { exchange.resume(with: decideWithout(exchange)) }
        }
        exchange.host.elsewhere({ done in shared.ask(question, done) }) { [self] in
            settle(pending) {
                guard let decision = question.decision, decision.rate < prefixes.count else {
                    return exchange.resume(with: decideWithout(exchange))
                }
                exchange.resume(with: verdict(decision, exchange))
            }
        }
        return .suspend
    }

    package func onLog(_ exchange: any FilterExchange) {
        guard shared != nil, let pending = exchange.state(of: slot) as? Pending else { return }
        pending.isDone = true
        pending.timer?.cancel()
        exchange.setState(of: slot, nil)
    }

    private func settle(_ pending: Pending, _ act: () -> Void) {
        guard !pending.isDone else { return }
        pending.isDone = true
        pending.timer?.cancel()
        act()
    }

    /// The key of a client is hashed: what is in Redis tells nobody's address or token.
    private func question(_ exchange: any FilterExchange) -> CounterQuestion {
        let digest = SHA256.hash(data: key.text(of: exchange)).prefix(16)
        let hex = digest.flatMap { byte in [Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]] }
        let tag = Array("{".utf8) + hex + Array("}:".utf8)
        return CounterQuestion(
            keys: table.rates.indices.map { keyPrefix + tag + Array("\($0)".utf8) },
            intervals: table.rates.map { Int64(max($0.interval / 1000, 1)) },
            tolerances: table.rates.map { Int64($0.tolerance / 1000) }, cost: Int64(cost))
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private func decideAlone(_ exchange: any FilterExchange) -> FilterVerdict {
        let now = UInt64(bitPattern: exchange.now.nanoseconds)
        return verdict(table.take(key.tag(of: exchange), now: now, cost: cost), exchange)
    }

    /// Shared counters do not answer.
    private func decideWithout(_ exchange: any FilterExchange) -> FilterVerdict {
        series.count(.storeError)
        switch onStoreError {
        case .local: return decideAlone(exchange)
        case .allow: return .proceed
        case .deny:
            let retry = HeaderPair(name: Array("retry-after".utf8), value: Array("1".utf8))
            return .respond(LocalResponse(status: 503, reason: .overloaded, headers: [retry]))
        }
    }

    private func verdict(_ decision: RateLimitTable.Decision, _ exchange: any FilterExchange) -> FilterVerdict {
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
        let space = space
        space.clear()
        space.append(prefixes[decision.rate])
        space.append(decimal: Int(clamping: decision.remaining))
        space.append(";t=")
        space.append(decimal: Int(clamping: (decision.reset &+ 999_999_999) / 1_000_000_000))
        let edits = exchange.responseEdits
        edits.set(Self.limitField, space.readable)
        edits.set(Self.policyField, policy)
    }
}

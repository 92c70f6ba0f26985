import AsyncHTTPClient
import Config
import EventLoop
import Foundation
import Logging
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Plugins
import ServiceLifecycle
import Synchronization
import Telemetry

/// Fetches the key sets of issuers (RFC 7517), again and again, and hands them to the workers.
///
/// A start does not wait for it, and a document that is no good never takes the place of a good one.
struct JWKSService: Service {
    let engine: any GatewayEngine
    let events: EventLog
    let logger: Logger
    let figures: JWKSFigures

    private static let tick: Duration = .milliseconds(500)
    private static let timeout: TimeAmount = .seconds(5)
    private static let bodyMax = 512 << 10
    /// However many tokens name keys that nobody knows.
    static let askAgainAfter: Duration = .seconds(30)

    func run() async throws {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = Self.timeout
        configuration.timeout.read = Self.timeout
        let client = HTTPClient(eventLoopGroup: ControlEventLoop.group, configuration: configuration)
        await cancelWhenGracefulShutdown {
            var schedule = JWKSSchedule()
            while !Task.isCancelled {
                let sources = Self.sources(of: engine.servedConfig)
                schedule.follow(sources.map(\.url))
                let due = sources.filter { source in
                    let cell = engine.keyCell(for: source.url)
                    let isWanted = cell.takeRefreshWanted()
                    let isDue = schedule.isDue(source.url, isWanted: isWanted, now: .now)
                    // Asked for too early: it is still wanted then.
                    if isWanted, !isDue { cell.wantRefresh() }
                    return isDue
                }
                for (source, isFine) in await fetch(due, by: client) {
                    tell(source, schedule.note(source.url, isFine: isFine, refresh: source.refresh, now: .now))
                }
                try? await Task.sleep(for: Self.tick)
            }
        }
        try? await client.shutdown()
    }

    /// What is fetched, each URL once.
    static func sources(of config: GatewayConfig) -> [JWKSSource] {
        var sources: [JWKSSource] = []
        for case .jwt(let jwt) in config.allMiddleware.map(\.filter) {
            for issuer in jwt.issuers {
                guard case .url(let url) = issuer.keys, !sources.contains(where: { $0.url == url }) else { continue }
                sources.append(JWKSSource(url: url, refresh: issuer.refresh, staleFor: issuer.staleFor))
            }
        }
        return sources
    }

    /// All at once: an issuer that is slow holds up no other.
    private func fetch(_ due: [JWKSSource], by client: HTTPClient) async -> [(JWKSSource, Bool)] {
        await withTaskGroup(of: (JWKSSource, Bool).self) { tasks in
            for source in due {
                tasks.addTask { (source, await fetchInTime(source, by: client)) }
            }
            var results: [(JWKSSource, Bool)] = []
            for await result in tasks { results.append(result) }
            return results
        }
    }

    /// The client's own time-out ends with the head of an answer; a body may trickle.
    private func fetchInTime(_ source: JWKSSource, by client: HTTPClient) async -> Bool {
        await withTaskGroup(of: Bool?.self) { tasks in
            tasks.addTask { await fetch(source, by: client, into: engine.keyCell(for: source.url)) }
            tasks.addTask {
                try? await Task.sleep(for: .seconds(6))
                return nil
            }
            let first = await tasks.next() ?? nil
            tasks.cancelAll()
            if let first { return first }
            return failed(source, "its answer takes too long")
        }
    }

    private func fetch(_ source: JWKSSource, by client: HTTPClient, into cell: JWTKeyCell) async -> Bool {
        do {
            var request = HTTPClientRequest(url: source.url)
            request.headers.add(name: "accept", value: "application/jwk-set+json, application/json")
            let response = try await client.execute(request, timeout: Self.timeout)
            guard response.status == .ok else {
                return failed(source, "it answered \(response.status.code)")
            }
            let body = try await response.body.collect(upTo: Self.bodyMax)
            let bytes = Array(body.readableBytesView)
            guard let count = JWTKeyCell.usableKeyCount(of: bytes), count > 0 else {
                return failed(source, "what it sent holds no key that can be used")
            }
            let lasts = Int64(source.staleFor.wholeMilliseconds) * 1_000_000
            cell.publish(bytes, usableUntil: Clock.wallNanoseconds() + lasts)
            figures.note(source.url, isFine: true, keys: count)
            return true
        } catch {
            return failed(source, "it cannot be reached or did not answer in time")
        }
    }

    private func failed(_ source: JWKSSource, _ reason: String) -> Bool {
        figures.note(source.url, isFine: false, keys: nil)
        logger.warning("keys were not fetched: \(reason)", metadata: ["url": "\(JWKSFigures.label(source.url))"])
        return false
    }

    private func tell(_ source: JWKSSource, _ change: JWKSSchedule.Change?) {
        guard let change else { return }
        let fields = ["url": JWKSFigures.label(source.url)]
        switch change {
        case .failed: events.add(.keysFailed, "the keys of an issuer cannot be fetched", fields)
        case .recovered: events.add(.keysRecovered, "the keys of an issuer were fetched", fields)
        }
    }
}

/// One URL that keys come from.
struct JWKSSource: Sendable, Equatable {
    var url: String
    var refresh: Duration
    var staleFor: Duration
}

/// When each URL is fetched next.
struct JWKSSchedule {
    enum Change: Equatable { case failed, recovered }

    private struct State {
        var next: ContinuousClock.Instant?
        var last: ContinuousClock.Instant?
        var failureCount = 0
    }

    private var states: [String: State] = [:]

    /// Forgets those that nobody uses any more.
    mutating func follow(_ urls: [String]) {
        states = states.filter { urls.contains($0.key) }
        for url in urls where states[url] == nil { states[url] = State() }
    }

    func isDue(_ url: String, isWanted: Bool, now: ContinuousClock.Instant) -> Bool {
        guard let state = states[url] else { return false }
        guard let next = state.next, let last = state.last else { return true }
        if now >= next { return true }
        return isWanted && now - last >= JWKSService.askAgainAfter
    }

    /// - Returns: whether that changed anything.
    mutating func note(
        _ url: String, isFine: Bool, refresh: Duration, now: ContinuousClock.Instant
    ) -> Change? {
        var state = states[url] ?? State()
        defer { states[url] = state }
        let before = state.failureCount
        state.last = now
        if isFine {
            state.failureCount = 0
            // Gateways that were started together need not ask together.
            state.next = now + refresh * Double.random(in: 0.9...1)
            return before > 0 ? .recovered : nil
        }
        state.failureCount += 1
        state.next = now + min(.seconds(60), .seconds(1 << min(before, 6)))
        return before == 0 ? .failed : nil
    }
}

/// How fetching went, for the metrics.
final class JWKSFigures: Sendable {
    private struct Figure {
        var fine = 0
        var failed = 0
        var keys = 0
        var lastSuccess = 0.0
    }

    private let state = Mutex<[String: Figure]>([:])

    func note(_ url: String, isFine: Bool, keys: Int?) {
        state.withLock { state in
            var figure = state[Self.label(url)] ?? Figure()
            if isFine {
                figure.fine += 1
                figure.lastSuccess = Date().timeIntervalSince1970
            } else {
                figure.failed += 1
            }
            if let keys { figure.keys = keys }
            state[Self.label(url)] = figure
        }
    }

    func samples() -> [MetricRegistry.Sample] {
        state.withLock { $0 }.sorted { $0.key < $1.key }.flatMap { url, figure in
            [
                MetricRegistry.Sample(.jwksFetches, labels: [url, "success"], value: Double(figure.fine)),
                MetricRegistry.Sample(.jwksFetches, labels: [url, "failure"], value: Double(figure.failed)),
                MetricRegistry.Sample(.jwksKeys, labels: [url], value: Double(figure.keys)),
                MetricRegistry.Sample(.jwksLastSuccess, labels: [url], value: figure.lastSuccess),
            ]
        }
    }

    /// Without what may be a secret: a query.
    static func label(_ url: String) -> String { String(url.prefix { $0 != "?" }) }
}

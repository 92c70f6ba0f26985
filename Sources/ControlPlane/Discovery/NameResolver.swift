import Bytes
package import Config
package import Logging
import ServiceLifecycle
import Synchronization
package import Upstream

/// Follows the names of upstream targets: resolves them off the workers, again every 30 s, and publishes changes.
///
/// A name that fails keeps its last good answer. One that never had an answer leaves its upstream without those
/// endpoints, and does not hold up the start. Numeric addresses are published at once and cost no thread.
///
/// - Threads: `publish` is called for one upstream at a time, in the order of the changes; it must not call back.
package final class NameResolver: Service {
    /// When a name is looked up again.
    package struct Schedule: Sendable {
        package var refresh: Duration = .seconds(30)
        /// After a failure; doubled by each further one up to `refresh`.
        package var retry: Duration = .seconds(1)
        /// The share of an interval by which it is spread, so that many gateways do not ask in step.
        package var jitter = 0.1

        package init() {}

        /// The pause after `failureCount` failures in a row; `random` is in 0..<1.
        func pause(failureCount: Int, random: Double) -> Duration {
            let doublings = min(max(failureCount - 1, 0), 16)
            let plain = failureCount == 0 ? refresh : min(retry * (1 << doublings), refresh)
            return plain * (1 - jitter + 2 * jitter * random)
        }
    }

    package typealias Publish = @Sendable (_ upstream: String, _ targets: [ResolvedTarget]) -> Void

    private struct State: Sendable {
        var answers: [String: [IPAddress]] = [:]
        var published: [String: [ResolvedTarget]] = [:]
        var untried: Set<String>
    }

    private let upstreams: [UpstreamConfig]
    private let upstreamsOfName: [String: [UpstreamConfig]]
    private let lookups: LookupThreads
    private let schedule: Schedule
    private let pause: @Sendable (Duration) async throws -> Void
    private let logger: Logger
    private let publish: Publish
    private let state: Mutex<State>
    /// Ends, without an element, when every name was tried once.
    private let firstRound: AsyncStream<Void>
    private let endFirstRound: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - resolve: a blocking look-up; it runs on threads of its own.
    ///   - pause: waits that long, or throws when the task is cancelled.
    package init(
        upstreams: [UpstreamConfig], schedule: Schedule = Schedule(), logger: Logger,
        resolve: @escaping LookupThreads.Resolve = SystemResolver.addresses,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        publish: @escaping Publish
    ) {
        self.upstreams = upstreams
        self.schedule = schedule
        self.logger = logger
        self.pause = pause
        self.publish = publish
        lookups = LookupThreads(resolve: resolve)
        var upstreamsOfName: [String: [UpstreamConfig]] = [:]
        for upstream in upstreams {
            for host in Set(upstream.targets.map(\.host)) where IPAddress(host) == nil {
                upstreamsOfName[host, default: []].append(upstream)
            }
        }
        self.upstreamsOfName = upstreamsOfName
        state = Mutex(State(untried: Set(upstreamsOfName.keys)))
        (firstRound, endFirstRound) = AsyncStream<Void>.makeStream()
        if upstreamsOfName.isEmpty { endFirstRound.finish() }
    }

    /// Publishes what needs no look-up. To be called once, before anything is served.
    package func publishNumeric() {
        state.withLock { state in
            for upstream in upstreams { publishChange(of: upstream, in: &state) }
        }
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for host in self.upstreamsOfName.keys.sorted() {
                    group.addTask { await self.follow(host) }
                }
                // With no name to follow this service still ends only when told to.
                group.addTask { try? await gracefulShutdown() }
            }
        }
    }

    /// Returns when every name was tried once, or after `limit`. For one caller.
    package func waitForFirstRound(atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self.firstRound {} }
            group.addTask { try? await self.pause(limit) }
            await group.next()
            group.cancelAll()
        }
    }

    private func follow(_ host: String) async {
        var failureCount = 0
        while !Task.isCancelled {
            let answer = await lookups.addresses(of: host)
            guard !Task.isCancelled else { return }
            switch answer {
            case .success(let addresses):
                if failureCount > 0 { logger.info("a name resolves again", metadata: ["name": "\(host)"]) }
                failureCount = 0
                accept(addresses, for: host)
            case .failure(let failure):
                failureCount += 1
                report(failure, of: host, failureCount: failureCount)
            }
            let isFirstRoundOver = state.withLock { state in
                state.untried.remove(host)
                return state.untried.isEmpty
            }
            if isFirstRoundOver { endFirstRound.finish() }
            let interval = schedule.pause(failureCount: failureCount, random: Double.random(in: 0..<1))
            guard (try? await pause(interval)) != nil else { return }
        }
    }

    private func accept(_ addresses: [IPAddress], for host: String) {
        state.withLock { state in
            guard state.answers[host] != addresses else { return }
            state.answers[host] = addresses
            for upstream in upstreamsOfName[host] ?? [] { publishChange(of: upstream, in: &state) }
        }
        logger.debug("name resolved", metadata: ["name": "\(host)", "addresses": "\(addresses)"])
    }

    /// Warns once when a name starts to fail, not at every try.
    private func report(_ failure: SystemResolver.Failure, of host: String, failureCount: Int) {
        let isKnown = state.withLock { $0.answers[host] != nil }
        let upstreamNames = (upstreamsOfName[host] ?? []).map(\.name).joined(separator: ", ")
        logger.log(
            level: failureCount == 1 ? .warning : .debug,
            isKnown
                ? "a name does not resolve; its last good addresses stay in use"
                : "a name does not resolve; its upstream has no endpoint from it until it does",
            metadata: ["name": "\(host)", "upstream": "\(upstreamNames)", "error": "\(failure)"])
    }

    private func publishChange(of upstream: UpstreamConfig, in state: inout State) {
        let targets = Self.targets(of: upstream, answers: state.answers)
        guard targets != state.published[upstream.name, default: []] else { return }
        state.published[upstream.name] = targets
        publish(upstream.name, targets)
    }

    /// Each address of a name gets the weight of its target, as if it had been written on a line of its own.
    private static func targets(
        of upstream: UpstreamConfig, answers: [String: [IPAddress]]
    ) -> [ResolvedTarget] {
        var result: [ResolvedTarget] = []
        for (index, target) in upstream.targets.enumerated() {
            let addresses = IPAddress(target.host).map { [$0] } ?? answers[target.host] ?? []
            for address in addresses {
                let endpoint = SocketAddress.ip(address, port: UInt16(clamping: target.port))
                result.append(
                    ResolvedTarget(
                        targetIndex: index, address: endpoint, weight: target.weight, label: endpoint.description))
            }
        }
        return result
    }
}

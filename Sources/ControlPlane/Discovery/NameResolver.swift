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
/// A new configuration is taken over in two steps: `prepare` looks up what it names, `follow` replaces the old one.
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

    package typealias Publish = @Sendable (_ upstream: UpstreamConfig, _ targets: [ResolvedTarget]) -> Void

    private struct State: Sendable {
        var upstreams: [UpstreamConfig] = []
        var upstreamsOfName: [String: [UpstreamConfig]] = [:]
        var answers: [String: [IPAddress]] = [:]
        /// By upstream; what whoever uses them has got.
        var published: [String: [ResolvedTarget]] = [:]
        /// Names with a task that looks them up again and again, and which task that is: one of a name that went and
        /// came back is not the same.
        var followed: [String: Int] = [:]
        var taskCount = 0
    }

    private let lookups: LookupThreads
    private let schedule: Schedule
    private let pause: @Sendable (Duration) async throws -> Void
    private let logger: Logger
    private let events: EventLog
    private let publish: Publish
    private let state = Mutex(State())
    /// Names that nobody follows yet.
    private let newNames: AsyncStream<(name: String, task: Int)>
    private let addName: AsyncStream<(name: String, task: Int)>.Continuation

    /// - Parameters:
    ///   - resolve: a blocking look-up; it runs on threads of its own.
    ///   - pause: waits that long, or throws when the task is cancelled.
    package init(
        schedule: Schedule = Schedule(), logger: Logger, events: EventLog = EventLog(),
        resolve: @escaping LookupThreads.Resolve = SystemResolver.addresses,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        publish: @escaping Publish
    ) {
        self.schedule = schedule
        self.logger = logger
        self.events = events
        self.pause = pause
        self.publish = publish
        lookups = LookupThreads(resolve: resolve)
        (newNames, addName) = AsyncStream<(name: String, task: Int)>.makeStream()
    }

    /// Looks up the names of `upstreams` that are not known yet, for `limit` at most, and tells the addresses of each
    /// upstream as far as they are known then. Nothing is published, and nothing else changes.
    package func prepare(_ upstreams: [UpstreamConfig], atMost limit: Duration) async -> [String: [ResolvedTarget]] {
        let unknown = state.withLock { state in
            // An answer that nobody keeps fresh is none.
            Self.names(of: upstreams).keys.filter { state.answers[$0] == nil || state.followed[$0] == nil }
        }
        if !unknown.isEmpty {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await self.pause(limit) }
                group.addTask { await self.lookUp(unknown) }
                await group.next()
                group.cancelAll()
            }
        }
        return state.withLock { state in
            var targets: [String: [ResolvedTarget]] = [:]
            for upstream in upstreams { targets[upstream.name] = Self.targets(of: upstream, answers: state.answers) }
            return targets
        }
    }

    private func lookUp(_ hosts: [String]) async {
        await withTaskGroup(of: Void.self) { group in
            for host in hosts {
                group.addTask {
                    guard case .success(let addresses) = await self.lookups.addresses(of: host) else { return }
                    self.state.withLock { state in
                        if state.followed[host] == nil { state.answers[host] = addresses }
                    }
                }
            }
        }
    }

    /// From now on these upstreams are followed, and no other.
    ///
    /// - Parameter known: what `prepare` told of them, and whoever uses them has got by now.
    package func follow(_ upstreams: [UpstreamConfig], known: [String: [ResolvedTarget]]) {
        let names = state.withLock { state in
            state.upstreams = upstreams
            state.upstreamsOfName = Self.names(of: upstreams)
            state.published = known
            state.answers = state.answers.filter { state.upstreamsOfName[$0.key] != nil }
            for upstream in upstreams { publishChange(of: upstream, in: &state) }
            state.followed = state.followed.filter { state.upstreamsOfName[$0.key] != nil }
            let names = state.upstreamsOfName.keys.filter { state.followed[$0] == nil }.sorted()
            for name in names {
                state.taskCount += 1
                state.followed[name] = state.taskCount
            }
            return names.map { (name: $0, task: state.followed[$0] ?? 0) }
        }
        for name in names { addName.yield(name) }
    }

    private static func names(of upstreams: [UpstreamConfig]) -> [String: [UpstreamConfig]] {
        var upstreamsOfName: [String: [UpstreamConfig]] = [:]
        for upstream in upstreams {
            for host in Set(upstream.targets.map(\.host)) where IPAddress(host) == nil {
                upstreamsOfName[host, default: []].append(upstream)
            }
        }
        return upstreamsOfName
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                // With no name to follow this service still ends only when told to.
                for await (name, task) in self.newNames { group.addTask { await self.follow(name, task) } }
            }
        }
    }

    /// Whether the configuration still has that name, and this is its task.
    private func isWanted(_ host: String, _ task: Int) -> Bool { state.withLock { $0.followed[host] == task } }

    private func follow(_ host: String, _ task: Int) async {
        var failureCount = 0
        if state.withLock({ $0.answers[host] != nil }) {
            // `prepare` has just looked it up.
            guard (try? await pause(schedule.pause(failureCount: 0, random: Double.random(in: 0..<1)))) != nil,
                isWanted(host, task)
            else { return }
        }
        while !Task.isCancelled {
            let answer = await lookups.addresses(of: host)
            guard !Task.isCancelled, isWanted(host, task) else { return }
            switch answer {
            case .success(let addresses):
                if failureCount > 0 {
                    logger.info("a name resolves again", metadata: ["name": "\(host)"])
                    events.add(.nameRecovered, "a name resolves again", ["name": host])
                }
                failureCount = 0
                accept(addresses, for: host)
            case .failure(let failure):
                failureCount += 1
                report(failure, of: host, failureCount: failureCount)
            }
            let interval = schedule.pause(failureCount: failureCount, random: Double.random(in: 0..<1))
            guard (try? await pause(interval)) != nil, isWanted(host, task) else { return }
        }
    }

    private func accept(_ addresses: [IPAddress], for host: String) {
        state.withLock { state in
            guard state.answers[host] != addresses else { return }
            state.answers[host] = addresses
            for upstream in state.upstreamsOfName[host] ?? [] { publishChange(of: upstream, in: &state) }
        }
        logger.debug("name resolved", metadata: ["name": "\(host)", "addresses": "\(addresses)"])
    }

    /// Warns once when a name starts to fail, not at every try.
    private func report(_ failure: SystemResolver.Failure, of host: String, failureCount: Int) {
        let (isKnown, upstreams) = state.withLock { ($0.answers[host] != nil, $0.upstreamsOfName[host] ?? []) }
        if failureCount == 1 {
            events.add(.nameFailed, "a name does not resolve", ["name": host, "error": "\(failure)"])
        }
        let upstreamNames = upstreams.map(\.name).joined(separator: ", ")
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
        publish(upstream, targets)
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

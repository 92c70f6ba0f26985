import Bytes
package import Config
import DataPlane
import EventLoop
import HTTP
import Synchronization
package import Telemetry
package import Upstream

/// The running data plane: its workers, their listeners and what they serve.
///
/// - Threads: any. Workers are reached through their mailboxes and atomics only.
package final class GatewayRuntime: GatewayEngine {
    private struct State {
        var isStarted = false
        var isDraining = false
        var plans: [String: BalancePlan] = [:]
        var addresses: [String] = []
    }

    package let registry: MetricRegistry
    private let config: GatewayConfig
    private let workers: [WorkerShared]
    private let shards: ShardParcels
    private let directory = ClusterDirectory()
    private let budget: ConnectionBudget
    private let state = Mutex(State())
    private let generation = 1

    /// How long a worker's loop may stand still before the process counts as stuck.
    private static let heartbeatMax: Int64 = 5_000_000_000

    /// - Throws: `StartFailure` when the process is out of descriptors.
    package init(config: GatewayConfig, version: String, swiftVersion: String, luaVersion: String) throws {
        self.config = config
        ProcessLimits.ignoreBrokenPipes()
        let descriptors = ProcessLimits.raiseDescriptorLimit()
        let count = config.workers ?? CPUQuota.workerCount(cpus: ProcessLimits.cpuCount)
        budget = ConnectionBudget(limit: Self.connectionLimit(config.limits.connections, descriptors: descriptors))
        registry = MetricRegistry(workerCount: count, methodNames: Method.allCases.map { "\($0.name)" })
        do {
            var workers: [WorkerShared] = []
            for index in 0..<count { workers.append(try WorkerShared(index: index)) }
            self.workers = workers
        } catch {
            throw StartFailure("cannot make the workers' mailboxes: \(error)")
        }
        shards = ShardParcels((0..<count).map { [registry] in registry.makeShard(worker: $0) })
        collectMetrics(version: version, swiftVersion: swiftVersion, luaVersion: luaVersion)
    }

    /// The configured limit, or what the descriptor limit leaves when upstream connections get their half.
    private static func connectionLimit(_ configured: Int, descriptors: Int) -> Int {
        let reserve = max(64, min(descriptors / 4, 65_536))
        let available = max(descriptors - reserve, 16)
        return configured == 0 ? available : configured
    }

    // MARK: Start

    package func start() throws {
        let plans = state.withLock { state in
            state.isStarted = true
            return state.plans
        }
        let listeners = try bindAll()
        let builder = SnapshotBuilder(
            config: config, generation: generation, registry: registry, directory: directory)
        for worker in workers {
            let shard = shards.take(worker.index)
            let snapshot = try builder.build(worker: worker.index, shard: shard)
            let own = zip(config.listeners, listeners[worker.index]).map { config, listener in
                WorkerListener(listener, name: config.name, shard: shard, registry: registry)
            }
            for (upstream, plan) in plans { worker.mailbox.post(.endpoints(upstream: upstream, plan)) }
            let parts = Worker.Parts(
                shared: worker, snapshot: SnapshotParcel(snapshot),
                listeners: Worker.ListenerParcel(own, shard: shard), budget: budget,
                seed: UInt64.random(in: .min ... .max))
            do {
                try Worker.start(parts)
            } catch {
                throw StartFailure("cannot start worker \(worker.index): \(error)")
            }
        }
        // What was published between reading the plans and starting the last worker.
        let late = state.withLock { $0.plans }
        for (upstream, plan) in late where plans[upstream] !== plan { post(plan, to: upstream) }
        try waitForWorkers()
    }

    /// A socket for each listener and worker, worker first; all are bound before any worker accepts.
    private func bindAll() throws -> [[Listener]] {
        var listeners: [[Listener]] = workers.map { _ in [] }
        for config in config.listeners {
            guard var address = SocketAddress(parsing: config.address) else {
                throw StartFailure("listener \"\(config.name)\" has no usable address: \(config.address)")
            }
            do throws(SystemError) {
                let first = try Listener.bind(address)
                if case .ip(let ip, 0) = address { address = .ip(ip, port: UInt16(first.localPort)) }
                listeners[0].append(first)
                for index in 1..<max(workers.count, 1) {
                    listeners[index].append(first.isShared ? first.sharing() : try Listener.bind(address))
                }
            } catch {
                throw StartFailure.cannotListen(
                    what: "listener \"\(config.name)\"", on: config.address, setting: "listeners.address",
                    errno: error.code)
            }
            state.withLock { $0.addresses.append(address.description) }
        }
        return listeners
    }

    private func waitForWorkers() throws {
        let limit = Clock.now().advanced(byNanoseconds: 10_000_000_000)
        while workers.contains(where: { $0.generation.load(ordering: .acquiring) != generation }) {
            guard Clock.now() < limit, !workers.contains(where: { $0.isStopped.load(ordering: .acquiring) }) else {
                throw StartFailure("a worker did not start", hint: "check the limits on threads and open files")
            }
            BlockingPause.milliseconds(2)
        }
    }

    package var listenerAddresses: [String] { state.withLock { $0.addresses } }

    // MARK: Endpoints

    package func publish(endpoints: [ResolvedTarget], upstream: String) {
        guard let config = config.upstreams.first(where: { $0.name == upstream }) else { return }
        let plan = BalancePlan(endpoints, balance: config.balance)
        let isStarted = state.withLock { state in
            state.plans[upstream] = plan
            return state.isStarted
        }
        if isStarted { post(plan, to: upstream) }
    }

    private func post(_ plan: BalancePlan, to upstream: String) {
        for worker in workers { worker.mailbox.post(.endpoints(upstream: upstream, plan)) }
    }

    // MARK: Stop

    package func beginDrain() {
        state.withLock { $0.isDraining = true }
        for worker in workers { worker.mailbox.post(.drain) }
    }

    package func stop() async {
        let limit = Clock.now().advanced(byNanoseconds: config.timeouts.drain.nanoseconds)
        while Clock.now() < limit, workers.contains(where: isServing) { try? await Task.sleep(for: .milliseconds(20)) }
        for worker in workers where isServing(worker) { worker.mailbox.post(.stop) }
        let hardLimit = Clock.now().advanced(byNanoseconds: 2_000_000_000)
        while Clock.now() < hardLimit, workers.contains(where: isServing) {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func isServing(_ worker: WorkerShared) -> Bool { !worker.isStopped.load(ordering: .acquiring) }

    // MARK: Status

    package func livenessProblems() -> [String] {
        guard state.withLock({ $0.isStarted }) else { return [] }
        let now = Clock.now().nanoseconds
        return workers.compactMap { worker in
            let beat = worker.heartbeat.load(ordering: .relaxed)
            guard beat != 0, isServing(worker), now - beat > Self.heartbeatMax else { return nil }
            return "the loop of worker \(worker.index) has not turned for \((now - beat) / 1_000_000_000) s"
        }
    }

    package func readinessProblems() -> [String] {
        let (isStarted, isDraining) = state.withLock { ($0.isStarted, $0.isDraining) }
        var problems: [String] = []
        if isDraining { problems.append("draining") }
        if !isStarted { problems.append("starting") }
        for worker in workers where worker.generation.load(ordering: .acquiring) != generation {
            problems.append("worker \(worker.index) does not serve generation \(generation) yet")
        }
        return problems
    }

    package func metricsText(openMetrics: Bool) -> [UInt8] {
        openMetrics ? registry.renderOpenMetrics() : registry.renderText()
    }

    private func collectMetrics(version: String, swiftVersion: String, luaVersion: String) {
        let process = ProcessMetrics()
        registry.collect { process.samples() }
        let workers = workers
        let generation = generation
        let busy = BusyRatios(count: workers.count)
        registry.collect {
            var samples = [
                MetricRegistry.Sample(.buildInfo, labels: [version, swiftVersion, luaVersion], value: 1),
                MetricRegistry.Sample(.configGeneration, value: Double(generation)),
                MetricRegistry.Sample(.configGenerationsLive, value: 1),
            ]
            for worker in workers {
                let ratio = busy.ratio(
                    of: worker.index, busy: worker.busyNanoseconds.load(ordering: .relaxed),
                    now: Clock.now().nanoseconds)
                samples.append(MetricRegistry.Sample(.workerBusyRatio, labels: ["\(worker.index)"], value: ratio))
            }
            return samples
        }
    }
}

/// Shards on their way to their workers; each is taken once, before its worker's thread exists.
private final class ShardParcels: @unchecked Sendable {
    private let shards: [MetricShard]

    init(_ shards: [MetricShard]) { self.shards = shards }

    func take(_ index: Int) -> MetricShard { shards[index] }
}

/// Busy time of the workers' loops between two scrapes.
private final class BusyRatios: Sendable {
    private let last: Mutex<[(busy: Int64, at: Int64)]>

    init(count: Int) {
        let now = Clock.now().nanoseconds
        last = Mutex(Array(repeating: (0, now), count: count))
    }

    /// The share of the time since the last call that was spent outside of the poller, 0...1.
    func ratio(of worker: Int, busy: Int64, now: Int64) -> Double {
        last.withLock { last in
            let (oldBusy, oldNow) = last[worker]
            last[worker] = (busy, now)
            guard now > oldNow else { return 0 }
            return min(max(Double(busy - oldBusy) / Double(now - oldNow), 0), 1)
        }
    }
}

import Bytes
package import Config
import DataPlane
import EventLoop
import Foundation
import HTTP
package import Logging
package import Plugins
import Synchronization
package import Telemetry
package import Upstream

/// The running data plane: its workers, their listeners and what they serve.
///
/// - Threads: any; `start` and `apply` by one at a time. Workers are reached through their mailboxes and atomics only.
package final class GatewayRuntime: GatewayEngine {
    struct State {
        var isStarted = false
        var isLeaving = false
        /// The newest configuration that was published, and its number.
        var config: GatewayConfig
        var generation = 0
        var listeners = ListenerPlan()
        var upstreams: [String: UpstreamRecord] = [:]
        /// By worker.
        var pools: [WorkerPools] = []
        var programs: [WorkerPrograms] = []
        /// What scripts share; nil until one is configured.
        var resources: LuaResources?
        /// The newest one last; older ones while requests of theirs are under way.
        var published: [PublishedGeneration] = []
        /// Writers that no newer generation uses.
        var idleWriters: [AccessLogWriter] = []
        var droppedByClosedWriters = 0

        /// Takes over what a new generation changes; addresses that were found meanwhile stay.
        mutating func adopt(_ next: State) {
            config = next.config
            generation = next.generation
            listeners = next.listeners
            pools = next.pools
            programs = next.programs
            resources = next.resources
            published += next.published.suffix(1)
            upstreams = next.upstreams.mapValues { record in
                guard let current = upstreams[record.config.name], current.revision == record.revision else {
                    return record
                }
                var kept = current
                kept.config = record.config
                return kept
            }
        }
    }

    /// What is known of an upstream of the newest configuration.
    struct UpstreamRecord {
        var config: UpstreamConfig
        /// Changes with the configuration, so that addresses found for an older one are not taken for it.
        var revision: Int
        var targets: [ResolvedTarget] = []
        var plan: BalancePlan?
    }

    package let registry: MetricRegistry
    let workers: [WorkerShared]
    let state: Mutex<State>
    let events: EventLog
    private let shards: [ShardParcel]
    private let directory = ClusterDirectory()
    package let filterResources = FilterResources()
    private let budget: ConnectionBudget
    private let descriptorLimit: Int
    private let logger: Logger

    /// How long workers may take to serve a new generation before the reload goes on without them.
    private static let adoptionMax: Int64 = 10_000_000_000

    /// - Throws: `StartFailure` when the process is out of descriptors.
    package init(
        config: GatewayConfig, version: String, swiftVersion: String, luaVersion: String,
        events: EventLog = EventLog(), logger: Logger = Logger(label: "gateway")
    ) throws {
        state = Mutex(State(config: config))
        self.events = events
        self.logger = logger
        ProcessLimits.ignoreBrokenPipes()
        descriptorLimit = ProcessLimits.raiseDescriptorLimit()
        let count = config.workers ?? CPUQuota.workerCount(cpus: ProcessLimits.cpuCount)
        budget = ConnectionBudget(
            limit: Self.connectionLimit(config.limits.connections, descriptors: descriptorLimit))
        registry = MetricRegistry(workerCount: count, methodNames: Method.allCases.map { "\($0.name)" })
        do {
            var workers: [WorkerShared] = []
            for index in 0..<count { workers.append(try WorkerShared(index: index)) }
            self.workers = workers
        } catch {
            throw StartFailure("cannot make the workers' mailboxes: \(error)")
        }
        let passwords = PasswordThreads()
        filterResources.passwords.run { passwords.run($0) }
        filterResources.sharedCounters.open { RedisLink($0, timeout: $1, logger: logger) }
        shards = (0..<count).map { [registry] in ShardParcel(registry.makeShard(worker: $0)) }
        collectMetrics(version: version, swiftVersion: swiftVersion, luaVersion: luaVersion)
        registry.provideFamilies { [weak self] in
            self?.state.withLock { $0.resources }?.families(now: Clock.now().nanoseconds) ?? []
        }
    }

    /// The configured limit, or what the descriptor limit leaves when upstream connections get their half.
    private static func connectionLimit(_ configured: Int, descriptors: Int) -> Int {
        let reserve = max(64, min(descriptors / 4, 65_536))
        let available = max(descriptors - reserve, 16)
        return configured == 0 ? available : configured
    }

    // MARK: Generations

    /// A generation that is built and bound, but not yet given to anybody.
    private struct Staged {
        var parcels: [SnapshotParcel]
        var changes: [[ListenerChange]]
        /// What changes is read from here once nothing can fail any more.
        var next: State
    }

    package func start(endpoints: [String: [ResolvedTarget]]) throws {
        let config = state.withLock { $0.config }
        let staged: Staged
        do throws(ConfigFailure) {
            staged = try stage(config, endpoints)
        } catch {
            // The same words as at a reload, but it is the start that failed.
            guard let first = error.diagnostics.first else { throw error }
            throw StartFailure(first.message, hint: first.hint)
        }
        state.withLock { state in
            state.adopt(staged.next)
            state.isStarted = true
        }
        staged.next.resources?.keepDeclarations(config.scriptMetrics)
        for worker in workers {
            var listeners: [ListenerAddition] = []
            for case .add(let addition) in staged.changes[worker.index] { listeners.append(addition) }
            let parts = Worker.Parts(
                shared: worker, snapshot: staged.parcels[worker.index], shard: shards[worker.index],
                listeners: listeners, registry: registry, budget: budget, seed: UInt64.random(in: .min ... .max))
            do {
                try Worker.start(parts)
            } catch {
                throw StartFailure("cannot start worker \(worker.index): \(error)")
            }
        }
        guard waitForWorkers(toServe: staged.next.generation) else {
            throw StartFailure("a worker did not start", hint: "check the limits on threads and open files")
        }
    }

    package func apply(_ config: GatewayConfig, endpoints: [String: [ResolvedTarget]]) throws(ConfigFailure) -> Int {
        let staged = try stage(config, endpoints)
        let number = staged.next.generation
        let isLeaving = state.withLock { state in
            guard !state.isLeaving else { return true }
            state.adopt(staged.next)
            for worker in workers {
                worker.mailbox.post(.publish(staged.parcels[worker.index], staged.changes[worker.index]))
            }
            return false
        }
        guard !isLeaving else {
            ListenerPlan.undo(staged.changes)
            let writer = staged.next.published.last?.writer
            if !state.withLock({ $0.published.contains { $0.writer === writer } }) { writer?.close() }
            throw ConfigFailure([
                ConfigDiagnostic(
                    .error, code: "draining", "the gateway is draining, and takes nothing over", at: .unknown)
            ])
        }
        budget.setLimit(Self.connectionLimit(config.limits.connections, descriptors: descriptorLimit))
        staged.next.resources?.keepDeclarations(config.scriptMetrics)
        if !waitForWorkers(toServe: number) {
            logger.error("a worker does not serve the new generation yet", metadata: ["generation": "\(number)"])
        }
        return number
    }

    /// Builds what the workers need for `config`, and binds what they will listen on.
    private func stage(
        _ config: GatewayConfig, _ endpoints: [String: [ResolvedTarget]]
    ) throws(ConfigFailure) -> Staged {
        let current = state.withLock { $0 }
        var next = current
        next.config = config
        next.generation += 1
        next.upstreams = Self.records(of: config, after: current.upstreams, endpoints)
        let writer = try writer(for: config.accessLog, current: current.published.last?.writer)
        var builder = SnapshotBuilder(
            config: config, generation: next.generation, registry: registry, directory: directory)
        builder.revisions = next.upstreams.mapValues(\.revision)
        builder.plans = next.upstreams.compactMapValues(\.plan)
        builder.filterResources = filterResources
        builder.resources = resources(for: config, after: current.resources)
        builder.environment = { ProcessInfo.processInfo.environment[$0] }
        next.resources = builder.resources
        builder.resources?.beginDeclarations()
        var programs: [WorkerPrograms] = []
        var snapshots: [WorkerSnapshot] = []
        var pools: [WorkerPools] = []
        do throws(ConfigFailure) {
            for worker in workers {
                var part = SnapshotBuilder.WorkerPart(index: worker.index, shard: shards[worker.index].shard)
                if worker.index < current.pools.count { part.pools = current.pools[worker.index].pools }
                part.accessLog = writer?.lanes[worker.index]
                if worker.index < current.programs.count { part.programs = current.programs[worker.index].programs }
                let snapshot = try builder.build(part)
                snapshots.append(snapshot)
                pools.append(WorkerPools(snapshot.pools))
                programs.append(WorkerPrograms(snapshot.programs))
            }
            let (listeners, changes) = try current.listeners.changed(to: config.listeners, workerCount: workers.count)
            next.listeners = listeners
            next.pools = pools
            next.programs = programs
            let published = PublishedGeneration(snapshots: snapshots, writer: writer)
            next.published.append(published)
            let parcels = snapshots.indices.map { index in
                let retired = index < current.pools.count ? current.pools[index].missing(in: pools[index]) : []
                return SnapshotParcel(snapshots[index], retiring: retired)
            }
            return Staged(parcels: parcels, changes: changes, next: next)
        } catch {
            if writer !== current.published.last?.writer { writer?.close() }
            throw error
        }
    }

    private static func records(
        of config: GatewayConfig, after known: [String: UpstreamRecord], _ endpoints: [String: [ResolvedTarget]]
    ) -> [String: UpstreamRecord] {
        var records: [String: UpstreamRecord] = [:]
        for upstream in config.upstreams {
            if var record = known[upstream.name], record.config.means(upstream) {
                record.config = upstream
                records[upstream.name] = record
                continue
            }
            var record = UpstreamRecord(config: upstream, revision: (known[upstream.name]?.revision ?? 0) + 1)
            if let targets = endpoints[upstream.name] {
                record.targets = targets
                record.plan = BalancePlan(targets, balance: upstream.balance)
            }
            records[upstream.name] = record
        }
        return records
    }

    /// Those in use when nothing about them changes.
    private func resources(for config: GatewayConfig, after current: LuaResources?) -> LuaResources? {
        guard config.usesScripts || current != nil else { return nil }
        if let current, current.serves(config.stores) { return current }
        return LuaResources(workerCount: workers.count, stores: config.stores, after: current)
    }

    /// The writer in use when the output is the same; nil when nothing is to be written.
    private func writer(
        for config: AccessLogConfig, current: AccessLogWriter?
    ) throws(ConfigFailure) -> AccessLogWriter? {
        if config.output == .off { return nil }
        if let current, current.output == config.output { return current }
        do {
            return try AccessLogWriter(output: config.output, workerCount: workers.count, logger: logger)
        } catch {
            throw ConfigFailure([
                ConfigDiagnostic(
                    .cannotLog, "the access log cannot be opened: \(error)", at: config.position,
                    path: "access_log.output",
                    hint: "the directory must exist, and the gateway's user must be allowed to write there")
            ])
        }
    }

    private func waitForWorkers(toServe generation: Int) -> Bool {
        let limit = Clock.now().advanced(byNanoseconds: Self.adoptionMax)
        while workers.contains(where: { $0.generation.load(ordering: .acquiring) < generation }) {
            guard Clock.now() < limit, !workers.contains(where: { $0.isStopped.load(ordering: .acquiring) }) else {
                return false
            }
            BlockingPause.milliseconds(1)
        }
        return true
    }

    /// Frees older generations that no request holds any more; to be called now and then.
    package func releaseGenerations() {
        let freed = state.withLock { state -> [PublishedGeneration] in
            guard state.published.count > 1 || !state.idleWriters.isEmpty else { return [] }
            let (older, newest) = (state.published.dropLast(), state.published.suffix(1))
            var (held, freed): ([PublishedGeneration], [PublishedGeneration]) = ([], [])
            for generation in older {
                if generation.isHeld() { held.append(generation) } else { freed.append(generation) }
            }
            let inUse = (held + newest).compactMap(\.writer)
            for writer in older.compactMap(\.writer) + state.idleWriters {
                guard !writer.hasClosed, !inUse.contains(where: { $0 === writer }) else { continue }
                writer.close()
                if !state.idleWriters.contains(where: { $0 === writer }) { state.idleWriters.append(writer) }
            }
            for writer in state.idleWriters where writer.hasClosed {
                state.droppedByClosedWriters += writer.droppedCount
            }
            state.idleWriters.removeAll(where: \.hasClosed)
            state.published = held + newest
            return freed
        }
        guard !freed.isEmpty else { return }
        // Outside of the lock: thousands of routes take a while to free, and probes wait for the lock.
        for generation in freed { generation.free() }
        // What reading and compiling took stays with the allocator otherwise, once for each of its arenas.
        ProcessLimits.trimMemory()
    }

    package var holdsOlderGenerations: Bool {
        state.withLock { $0.published.count > 1 || !$0.idleWriters.isEmpty }
    }

    package var listenerAddresses: [String] { state.withLock { $0.listeners.addresses } }

    package func reopenLogs() {
        for writer in state.withLock({ $0.published.compactMap(\.writer) }) { writer.reopen() }
    }

    // MARK: Endpoints

    package func publish(endpoints: [ResolvedTarget], upstream: UpstreamConfig) {
        let plan = BalancePlan(endpoints, balance: upstream.balance)
        state.withLock { state in
            guard var record = state.upstreams[upstream.name], record.config.means(upstream) else { return }
            record.targets = endpoints
            record.plan = plan
            state.upstreams[upstream.name] = record
            // Posted under the lock, so that no worker gets the plan of an older configuration after a newer one.
            for worker in workers {
                worker.mailbox.post(.endpoints(upstream: upstream.name, revision: record.revision, plan))
            }
        }
    }

    // MARK: Stop

    package func leave() {
        state.withLock { $0.isLeaving = true }
        for worker in workers { worker.mailbox.post(.leave) }
    }

    package func beginDrain() {
        leave()
        for worker in workers { worker.mailbox.post(.drain) }
    }

    package func stop(before deadline: ContinuousClock.Instant) async -> Bool {
        while ContinuousClock.now < deadline, workers.contains(where: isServing) {
            try? await Task.sleep(for: .milliseconds(10))
        }
        let isClean = !workers.contains(where: isServing)
        for worker in workers where isServing(worker) { worker.mailbox.post(.stop) }
        let hardLimit = Clock.now().advanced(byNanoseconds: 2_000_000_000)
        while Clock.now() < hardLimit, workers.contains(where: isServing) {
            try? await Task.sleep(for: .milliseconds(5))
        }
        await closeLogs()
        return isClean
    }

    /// Lets the last lines reach their output, unless it does not take them.
    private func closeLogs() async {
        let writers = state.withLock { $0.published.compactMap(\.writer) + $0.idleWriters }
        for writer in writers { writer.close() }
        let limit = Clock.now().advanced(byNanoseconds: 3_000_000_000)
        while Clock.now() < limit, writers.contains(where: { !$0.hasClosed }) {
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    func isServing(_ worker: WorkerShared) -> Bool { !worker.isStopped.load(ordering: .acquiring) }
}

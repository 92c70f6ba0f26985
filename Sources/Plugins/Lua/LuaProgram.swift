import Bytes
import CLuaShim
package import Config
package import Telemetry

/// One script on one worker: its VM, and the instances of it that routes use.
///
/// Outlives generations as long as nothing about it changes. Made by the control plane, and the worker's from the
/// moment that it is attached.
@safe
package final class LuaProgram {
    let identity: Identity
    let script: ScriptProgram
    let settings: LuaSettings
    let context: LuaContext
    package private(set) var instances: [LuaInstance] = []
    package let counts: LuaProgramCounts
    private(set) var vm: LuaVM?
    private let series: LuaSeries
    private var timers: [FilterTimer?] = []
    private(set) var host: (any FilterHost)?
    /// `on_init` runs on the worker, since what its predecessor carries over is only known there.
    private var awaitsPredecessor: Bool
    private var isRetired = false

    /// What all instances of a program have in common.
    package struct LuaSettings: Sendable {
        package var limits: LuaLimitsConfig
        package var usesHook: Bool
        package var environment: @Sendable (String) -> String?

        package init(
            limits: LuaLimitsConfig, usesHook: Bool, environment: @escaping @Sendable (String) -> String?
        ) {
            self.limits = limits
            self.usesHook = usesHook
            self.environment = environment
        }
    }

    /// Loads the script and initialises its instances.
    ///
    /// - Parameter awaitsPredecessor: instances are initialised by `attach`.
    /// - Throws: `LuaFailure`.
    package init(
        identity: Identity, script: ScriptProgram, instances configs: [(name: String, config: LuaFilterConfig)],
        settings: LuaSettings, resources: LuaResources, registry: MetricRegistry, counts: LuaProgramCounts,
        awaitsPredecessor: Bool
    ) throws(LuaFailure) {
        self.identity = identity
        self.script = script
        self.settings = settings
        self.counts = counts
        self.awaitsPredecessor = awaitsPredecessor
        context = LuaContext(script: script, resources: resources, environment: settings.environment)
        series = LuaSeries(filter: registry.filters.id(for: script.name))
        for (number, config) in configs.enumerated() {
            instances.append(
                LuaInstance(
                    number: number, name: config.name, config: config.config, program: self,
                    series: LuaSeries(filter: registry.filters.id(for: config.name))))
        }
        vm = try makeVM(carried: nil)
    }

    /// Whether its instances have something to carry over.
    package var carriesOver: Bool { script.phases.contains("on_unload") }

    private func makeVM(carried: [String?]?) throws(LuaFailure) -> LuaVM {
        let vm = try LuaVM(context: context, limits: settings.limits, usesHook: settings.usesHook)
        try vm.load()
        _ = try vm.describe()
        if !awaitsPredecessor { try addInstances(to: vm, carried: carried) }
        vm.settle()
        return vm
    }

    private func addInstances(to vm: LuaVM, carried: [String?]?) throws(LuaFailure) {
        for instance in instances {
            let kept = carried.flatMap { $0.indices.contains(instance.number) ? $0[instance.number] : nil }
            try vm.addInstance(named: instance.name, configuration: instance.configuration, carried: kept)
        }
    }

    // MARK: On the worker

    /// The worker serves with it from now on.
    ///
    /// - Parameter predecessor: the program of the same script before.
    package func attach(to host: any FilterHost, after predecessor: LuaProgram?) {
        guard self.host == nil else { return }
        self.host = host
        context.host = host
        series.open(host.shard)
        for instance in instances { instance.attach(host) }
        if awaitsPredecessor {
            awaitsPredecessor = false
            let carried = predecessor?.unload()
            if let vm {
                do throws(LuaFailure) {
                    try addInstances(to: vm, carried: carried)
                } catch {
                    // What was carried over may be the reason: once more without it.
                    report(error, in: "on_init")
                    self.vm = nil
                    _ = readyVM()
                }
            }
        }
        reportSize()
        startTimers()
    }

    /// No newer configuration has it: timers stop, requests that are under way end on it.
    package func retire() {
        guard !isRetired else { return }
        isRetired = true
        for timer in timers { timer?.cancel() }
        timers = []
        series.setBytes(0)
        series.setVMs(0)
        vm = nil
    }

    /// Breaks the cycle between a worker and what it serves with.
    package func detach() {
        retire()
        context.host = nil
        host = nil
    }

    /// What `on_unload` of each instance leaves to its successor.
    private func unload() -> [String?] {
        guard let vm, !vm.isKilled else { return [] }
        return instances.map { vm.unload($0.number) }
    }

    /// The VM for a new request, made anew after a kill; nil when that fails.
    func readyVM() -> LuaVM? {
        if let vm, !vm.isKilled { return vm }
        guard !isRetired else { return vm }
        vm = nil
        do throws(LuaFailure) {
            vm = try makeVM(carried: nil)
            series.countRebuild()
            reportSize()
            startTimers()
            return vm
        } catch {
            report(error, in: "on_init")
            return nil
        }
    }

    func reportSize() {
        series.setBytes(vm?.byteCount ?? 0)
        series.setVMs(vm == nil ? 0 : 1)
        reportSuspended()
    }

    /// At every change, unlike the rest: after the last one there may be no request for long.
    func reportSuspended() { series.setSuspended(vm?.suspendedCount ?? 0) }

    /// Enough has been allocated for the collector to be worth a while in which the worker has nothing else to do.
    package var hasGarbage: Bool {
        guard let vm else { return false }
        return unsafe gwlua_vm_has_garbage(vm.pointer)
    }

    /// A step of the collector; whether there is more.
    package func collectGarbage() -> Bool {
        guard let vm, !vm.isKilled else { return false }
        return unsafe gwlua_vm_collect(vm.pointer)
    }

    package var byteCount: Int { vm?.byteCount ?? 0 }

    private func report(_ failure: LuaFailure, in phase: String) {
        LuaLog.report(failure, filter: script.name, context: context, phase: phase, run: nil)
    }

    // MARK: Timers

    private func startTimers() {
        for timer in timers { timer?.cancel() }
        timers = []
        guard let vm, let host, !isRetired else { return }
        for number in 0..<Int(unsafe gwlua_timer_count(vm.pointer)) {
            var (period, isGateway, jitter) = (0.0, false, 0.0)
            unsafe gwlua_timer(vm.pointer, UInt32(number), &period, &isGateway, &jitter)
            timers.append(nil)
            // One worker runs those that are meant once for the whole gateway.
            if isGateway, host.workerIndex != 0 { continue }
            schedule(number, period: period, jitter: jitter)
        }
    }

    private func schedule(_ number: Int, period: Double, jitter: Double) {
        guard let host, timers.indices.contains(number) else { return }
        let spread = 1 + jitter * (Double(UInt64(host.preciseNow.nanoseconds) % 1000) / 1000 - 0.5)
        timers[number] = host.after(Int64(period * spread * 1_000_000)) { [weak self] in
            guard let self, !self.isRetired else { return }
            // The next turn is counted from the end of this one, so that two never overlap.
            self.instances.first?.runTimer(number) { [weak self] in
                self?.schedule(number, period: period, jitter: jitter)
            }
        }
    }
}

import Bytes
package import Config
import DataPlane
import EventLoop
package import Plugins
import Synchronization
import TLS
package import Telemetry
import Upstream

// What the admin API tells of the data plane: read from atomics and from what was published, never from a worker.
extension GatewayRuntime {
    /// How long a worker's loop may stand still before the process counts as stuck.
    private static var heartbeatMax: Int64 { 5_000_000_000 }

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
        let (isStarted, isLeaving, generation) = state.withLock { ($0.isStarted, $0.isLeaving, $0.generation) }
        var problems: [String] = []
        if isLeaving { problems.append("draining") }
        guard isStarted else { return problems + ["starting"] }
        for worker in workers where worker.generation.load(ordering: .acquiring) != generation {
            problems.append("worker \(worker.index) does not serve generation \(generation) yet")
        }
        return problems
    }

    package func metricsText(openMetrics: Bool) -> [UInt8] {
        openMetrics ? registry.renderOpenMetrics() : registry.renderText()
    }

    package var servedConfig: GatewayConfig { state.withLock { $0.config } }

    package func workerStatus() -> [WorkerStatus] {
        let now = Clock.now().nanoseconds
        return workers.map { worker in
            let beat = worker.heartbeat.load(ordering: .relaxed)
            return WorkerStatus(
                index: worker.index, generation: worker.generation.load(ordering: .acquiring),
                connectionCount: worker.connectionCount.load(ordering: .relaxed),
                sinceLastTurn: .nanoseconds(beat == 0 ? 0 : max(now - beat, 0)), isRunning: isServing(worker))
        }
    }

    package func upstreamStatus() -> [UpstreamStatus] {
        let records = state.withLock { $0.upstreams }
        var requests: [String: [String: (all: Int, failed: Int)]] = [:]
        for sample in registry.counts(of: .upstreamRequests) {
            let (upstream, target, status) = (sample.labels[0], sample.labels[1], Int(sample.labels[2]) ?? 0)
            let isFailure = status == 0 || status >= 500
            var known = requests[upstream, default: [:]][target, default: (0, 0)]
            known.all += sample.value
            if isFailure { known.failed += sample.value }
            requests[upstream, default: [:]][target] = known
        }
        var connections: [String: [String: Int]] = [:]
        for sample in registry.counts(of: .upstreamConnections) {
            connections[sample.labels[0], default: [:]][sample.labels[1]] = sample.value
        }
        return records.values.sorted { $0.config.name < $1.config.name }.map { record in
            let name = record.config.name
            var status = UpstreamStatus(
                name: name, config: record.config,
                targets: record.targets.map { Self.target($0, record.config, requests[name] ?? [:]) })
            status.activeCount = connections[name]?[ConnectionState.active.label] ?? 0
            status.idleCount = connections[name]?[ConnectionState.idle.label] ?? 0
            return status
        }
    }

    private static func target(
        _ target: ResolvedTarget, _ config: UpstreamConfig, _ requests: [String: (all: Int, failed: Int)]
    ) -> UpstreamStatus.Target {
        let written = config.targets.indices.contains(target.targetIndex) ? config.targets[target.targetIndex] : nil
        var status = UpstreamStatus.Target(written: written, address: target.label, weight: target.weight)
        (status.requestCount, status.errorCount) = requests[target.label] ?? (0, 0)
        return status
    }

    package func filterStatus() -> [FilterStatus] {
        let (programs, config) = state.withLock { ($0.programs, $0.config) }
        var found: [String: FilterStatus] = [:]
        for middleware in config.allMiddleware {
            guard case .lua(let lua) = middleware.filter, let program = lua.program else { continue }
            var status =
                found[program.label]
                ?? FilterStatus(
                    script: program.name, hash: program.hash, version: program.version, path: program.path)
            if !status.uses.contains(middleware.name) { status.uses.append(middleware.name) }
            status.phases = program.phases.sorted()
            status.isRolledBack = program.isRolledBack
            found[program.label] = status
        }
        for worker in programs {
            for program in worker.programs {
                let label = "\(program.scriptName)@\(program.scriptHash.prefix(8))"
                guard var status = found[label] else { continue }
                status.add(program.counts)
                found[label] = status
            }
        }
        return found.values.sorted { ($0.script, $0.hash) < ($1.script, $1.hash) }
    }

    package func readScriptLogs() -> [ScriptLogLine] {
        workers.flatMap { worker in
            worker.scriptLog.isEmpty
                ? []
                : worker.scriptLog.read().map { ScriptLogLine(level: $0.level, message: $0.message, fields: $0.fields) }
        }
    }

    package func keyCell(for url: String) -> JWTKeyCell { filterResources.keyCells.cell(for: url) }

    package func collect(_ source: @escaping @Sendable () -> [MetricRegistry.Sample]) { registry.collect(source) }

    package var servesScripts: Bool { state.withLock { !($0.programs.first?.programs.isEmpty ?? true) } }

    func collectMetrics(version: String, swiftVersion: String, luaVersion: String) {
        let process = ProcessMetrics()
        registry.collect { process.samples() }
        registry.collect { [weak self] in
            guard let self else { return [] }
            return generationSamples() + workerSamples() + certificateSamples() + apiKeySamples()
                + filterResources.rateLimits.overflows().map {
                    MetricRegistry.Sample(.rateLimitOverflow, labels: [$0.name], value: Double($0.count))
                }
                + [MetricRegistry.Sample(.buildInfo, labels: [version, swiftVersion, luaVersion], value: 1)]
        }
    }

    private func generationSamples() -> [MetricRegistry.Sample] {
        let (generation, live, dropped) = state.withLock { state in
            let writers = state.published.compactMap(\.writer) + state.idleWriters
            var seen: [AccessLogWriter] = []
            for writer in writers where !seen.contains(where: { $0 === writer }) { seen.append(writer) }
            return (
                state.generation, state.published.count,
                seen.reduce(state.droppedByClosedWriters) { $0 + $1.droppedCount }
            )
        }
        return [
            MetricRegistry.Sample(.configGeneration, value: Double(generation)),
            MetricRegistry.Sample(.configGenerationsLive, value: Double(live)),
            MetricRegistry.Sample(.accessLogDropped, value: Double(dropped)),
        ] + events.reloadSamples()
    }

    /// When certificates end. Read anew each time: they are few, and a scrape is rare.
    private func certificateSamples() -> [MetricRegistry.Sample] {
        let config = state.withLock { $0.config }
        var seen: Set<[String]> = []
        return config.ownCertificates.compactMap { owner, file in
            guard let certificate = try? TLSCertificate(pem: file.content) else { return nil }
            let labels = [owner, certificate.subject]
            guard seen.insert(labels).inserted else { return nil }
            return MetricRegistry.Sample(
                .tlsCertificateNotAfter, labels: labels, value: Double(certificate.notAfter))
        }
    }

    /// When keys of clients end, of those that end.
    private func apiKeySamples() -> [MetricRegistry.Sample] {
        let config = state.withLock { $0.config }
        return config.endingKeys.map { filter, key, expires in
            MetricRegistry.Sample(.apiKeyNotAfter, labels: [filter, key], value: Double(expires))
        }
    }

    private func workerSamples() -> [MetricRegistry.Sample] {
        let now = Clock.now()
        return workers.flatMap { worker in
            [
                MetricRegistry.Sample(
                    .workerBusyRatio, labels: ["\(worker.index)"], value: worker.load.busyRatio(now: now)),
                MetricRegistry.Sample(
                    .longestTurn, labels: ["\(worker.index)"], value: Double(worker.load.longestTurn) / 1e9),
            ]
        }
    }
}

extension FilterStatus {
    fileprivate mutating func add(_ counts: LuaProgramCounts) {
        calls += counts.calls.load(ordering: .relaxed)
        errors += counts.errors.load(ordering: .relaxed)
        kills += counts.kills.load(ordering: .relaxed)
        cpuNanoseconds += counts.cpuNanoseconds.load(ordering: .relaxed)
        byteCount += counts.byteCount.load(ordering: .relaxed)
        if counts.isBreakerOpen.load(ordering: .relaxed) { openBreakers += 1 }
    }
}

extension GatewayConfig {
    /// The certificates that are shown to clients and upstreams, each with who shows it.
    fileprivate var ownCertificates: [(owner: String, file: FileReference)] {
        let shown = listeners.flatMap { listener in
            (listener.tls?.certificates ?? []).map { ("listener \(listener.name)", $0.cert) }
        }
        return shown
            + upstreams.compactMap { upstream in
                upstream.tls.clientCert.map { ("upstream \(upstream.name)", $0.cert) }
            }
    }
}

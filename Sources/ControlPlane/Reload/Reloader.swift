package import Config
import EventLoop
package import Logging
import Synchronization

/// Puts a changed configuration in place of the running one: all of it or nothing, one attempt at a time.
///
/// The work is done on a thread of its own with a low priority, since workers go on serving meanwhile.
package actor Reloader {
    /// Generations that are remembered, the running one included.
    package static let historyMax = 10
    /// How long a reload waits for names that are new in it; they are followed afterwards in any case.
    private static let resolveMax: Duration = .seconds(1)

    private let source: ConfigSource
    private let engine: any GatewayEngine
    private let resolver: NameResolver
    private let events: EventLog
    private let logger: Logger
    /// Told which paths to watch from now on, and what they looked like when they were read.
    package typealias Follow = @Sendable (_ paths: [String], _ asOf: FileFingerprint, _ reload: ReloadConfig) -> Void
    private let follow: Follow
    /// Files that belong to the configuration, or did when it was read last.
    private var files: [String] = []
    private var history: [Generation] = []
    /// What is served.
    private var current: LoadedConfig?
    /// What the process was started with: some settings stay so.
    private var restartOnly: RestartOnly?
    /// What the files said when they were read last, whatever became of it; nil while that was wrong.
    private var lastRead: GatewayConfig?
    /// The last attempt that was queued; each waits for the one before it.
    private var last: Task<ReloadOutcome, Never>?
    /// One that has not begun to read files: whoever asks now is served by it too.
    private var waiting: Task<ReloadOutcome, Never>?

    package init(
        source: ConfigSource, engine: any GatewayEngine, resolver: NameResolver, events: EventLog, logger: Logger,
        follow: @escaping Follow
    ) {
        self.source = source
        self.engine = engine
        self.resolver = resolver
        self.events = events
        self.logger = logger
        self.follow = follow
    }

    /// The newest one last.
    package var generations: [Generation] { history }
    /// What is served, value by value.
    package var effective: EffectiveConfig? { current?.effective }
    /// Hides what variables and mounted files brought into it.
    package var mask: SecretMask { SecretMask(current?.text ?? ConfigText()) }

    /// Starts the engine with what it was made from.
    ///
    /// - Parameter before: what the files looked like before they were read.
    /// - Throws: `StartFailure`.
    package func start(_ loaded: LoadedConfig, asOf before: FileFingerprint) async throws {
        let start = Task { try await self.performStart(loaded, asOf: before) }
        // Reloads that are asked for meanwhile come after it.
        last = Task {
            _ = try? await start.value
            return .unchanged(1)
        }
        try await withTaskCancellationHandler {
            try await start.value
        } onCancel: {
            start.cancel()
        }
    }

    private func performStart(_ loaded: LoadedConfig, asOf before: FileFingerprint) async throws {
        let config = loaded.config
        let endpoints = await resolver.prepare(config.upstreams, atMost: Self.resolveMax)
        // The process may have been told to stop while names were awaited.
        guard !Task.isCancelled else { return }
        let start = ContinuousClock.now
        try engine.start(endpoints: endpoints)
        restartOnly = RestartOnly(config)
        current = loaded
        lastRead = config
        resolver.follow(config.upstreams, known: endpoints)
        history = [
            Generation(
                number: 1, of: loaded, cause: .start, wallNanoseconds: Clock.wallNanoseconds(), changes: [],
                duration: ContinuousClock.now - start)
        ]
        watch(loaded.files, asOf: before, config.reload)
        events.add(.started, "serving generation 1")
    }

    /// Reads the configuration again and serves it, unless something is wrong with it.
    package func reload(_ cause: ReloadCause) async -> ReloadOutcome {
        if let waiting { return await waiting.value }
        let task = queue { reloader in await reloader.performReload(cause) }
        waiting = task
        return await task.value
    }

    /// Serves an older configuration again, as a new generation. Files on disk stay as they are.
    ///
    /// - Parameter number: nil: the one before the running one.
    package func rollback(to number: Int?) async -> ReloadOutcome {
        // Whoever asks for a reload from now on wants it after this.
        waiting = nil
        return await queue { reloader in await reloader.performRollback(to: number) }.value
    }

    /// Serves the last version of a script that did well in place of one that fails.
    package func takeBack(_ program: ScriptProgram) async {
        // Whoever asks for a reload from now on wants it after this.
        waiting = nil
        _ = await queue { reloader in await reloader.performTakeBack(program) }.value
    }

    private func performTakeBack(_ program: ScriptProgram) async -> ReloadOutcome {
        guard let current, source.scripts.reject(program) else { return .unchanged(history.last?.number ?? 0) }
        let (start, source, text) = (ContinuousClock.now, source, current.text)
        let cause = ReloadCause.filterRollback(program.label)
        logger.error(
            "a changed script fails on real requests, and is taken back", metadata: ["filter": "\(program.label)"])
        switch await BackgroundThread.run({ source.restore(text) }) {
        case .success(let loaded):
            let outcome = await publish(loaded, cause, since: start)
            events.countFilterRollback(program.name)
            return outcome
        case .failure(let failure): return reject(failure, cause)
        }
    }

    private func queue(
        _ body: @escaping @Sendable (isolated Reloader) async -> ReloadOutcome
    ) -> Task<ReloadOutcome, Never> {
        let before = last
        let task = Task {
            _ = await before?.value
            return await body(self)
        }
        last = task
        return task
    }

    private func performReload(_ cause: ReloadCause) async -> ReloadOutcome {
        waiting = nil
        guard !history.isEmpty else { return .refused("The gateway is still starting.") }
        let start = ContinuousClock.now
        let (source, known) = (source, files)
        let attempt = await BackgroundThread.run { source.check(knowing: known) }
        let loaded: LoadedConfig
        switch attempt.outcome {
        case .success(let value): loaded = value
        case .failure(let failure):
            // What was read or tried is what may be mended.
            watch(attempt.files + currentFiles, asOf: attempt.before, currentReload)
            lastRead = nil
            return reject(failure, cause)
        }
        let wasReadBefore = lastRead == loaded.config
        lastRead = loaded.config
        watch(loaded.files, asOf: attempt.before, loaded.config.reload)
        if let last = history.last {
            // After a rollback the files still say what was left; only whoever asks in so many words gets that again.
            let isLeft = wasReadBefore && cause != .request && last.isRollback
            if isLeft || current?.config == loaded.config {
                logger.info("the configuration is unchanged", metadata: ["cause": "\(cause.label)"])
                events.countUnchanged()
                return .unchanged(last.number)
            }
        }
        return await publish(loaded, cause, since: start)
    }

    private func performRollback(to number: Int?) async -> ReloadOutcome {
        let target = number ?? (history.last?.number ?? 0) - 1
        guard target != history.last?.number, let generation = history.first(where: { $0.number == target }) else {
            return .unknownGeneration
        }
        let (start, source) = (ContinuousClock.now, source)
        let loaded: LoadedConfig
        switch await BackgroundThread.run({ source.restore(generation.text) }) {
        case .success(let value): loaded = value
        case .failure(let failure): return reject(failure, .rollback(target))
        }
        let outcome = await publish(loaded, .rollback(target), since: start)
        if case .published = outcome {
            // How files are followed is part of what comes back.
            watch(files, asOf: FileFingerprint(of: source.paths(files)), loaded.config.reload)
        }
        return outcome
    }

    private func publish(
        _ loaded: LoadedConfig, _ cause: ReloadCause, since start: ContinuousClock.Instant
    ) async -> ReloadOutcome {
        var loaded = loaded
        if let restartOnly { loaded.warnings += restartOnly.warnings(for: loaded) }
        let config = loaded.config
        let endpoints = await resolver.prepare(config.upstreams, atMost: Self.resolveMax)
        let mask = SecretMask(loaded.text)
        do {
            try await probe(config)
        } catch {
            return reject(mask.masked(error), cause)
        }
        let engine = engine
        let result = await BackgroundThread.run { () -> Result<Int, ConfigFailure> in
            do throws(ConfigFailure) {
                return .success(try engine.apply(config, endpoints: endpoints))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .failure(let failure): return reject(mask.masked(failure), cause)
        case .success(let number):
            resolver.follow(config.upstreams, known: endpoints)
            let changes = current.map {
                EffectiveConfig.changes(from: $0.effective, to: loaded.effective)
                    + config.scriptChanges(since: $0.config)
            }
            current = loaded
            let generation = Generation(
                number: number, of: loaded, cause: cause, wallNanoseconds: Clock.wallNanoseconds(),
                changes: changes ?? [], duration: ContinuousClock.now - start)
            remember(generation)
            return .published(generation)
        }
    }

    /// A listener's new address must be free: the workers' own binds would share it with another process.
    private func probe(_ config: GatewayConfig) async throws(ConfigFailure) {
        let known = current?.config.listeners ?? []
        let ports = Set(known.map { ListenerProbe.port(of: $0) })
        for listener in config.listeners {
            if known.contains(where: { $0.address == listener.address }) { continue }
            // Another address of a port that is ours already: a bind without sharing would fail on ourselves.
            if ports.contains(ListenerProbe.port(of: listener)) { continue }
            do {
                try await ListenerProbe.check([listener])
            } catch {
                let failure = error as? StartFailure
                throw ConfigFailure([
                    ConfigDiagnostic(
                        .cannotListen, failure?.message ?? "\(error)", at: listener.position, path: "listeners",
                        hint: failure?.hint)
                ])
            }
        }
    }

    private func remember(_ generation: Generation) {
        history.append(generation)
        if history.count > Self.historyMax { history.removeFirst() }
        events.countReload(succeeded: true)
        events.add(
            generation.isRollback ? .rolledBack : .reloaded, "serving generation \(generation.number)",
            ["cause": generation.cause.label, "changes": "\(generation.changeCount)"])
        for warning in generation.warnings { log(warning) }
        logger.notice(
            "serving a new configuration",
            metadata: [
                "generation": "\(generation.number)", "cause": "\(generation.cause.label)",
                "changes": "\(generation.changeCount)", "ms": "\(generation.duration.wholeMilliseconds)",
            ])
    }

    private func reject(_ failure: ConfigFailure, _ cause: ReloadCause) -> ReloadOutcome {
        let number = history.last?.number ?? 0
        events.countReload(succeeded: false)
        let first = failure.diagnostics.first.map { "\($0.position): \($0.message)" } ?? "unknown"
        events.add(
            .reloadRejected, "generation \(number) stays in use",
            ["cause": cause.label, "errors": "\(failure.diagnostics.count)", "first": first])
        logger.error(
            "the configuration was rejected; generation \(number) stays in use",
            metadata: ["cause": "\(cause.label)", "errors": "\(failure.diagnostics.count)"])
        for diagnostic in failure.diagnostics { log(diagnostic) }
        return .rejected(failure)
    }

    /// On one line, as all that is logged.
    private func log(_ diagnostic: ConfigDiagnostic) {
        var metadata: Logger.Metadata = [:]
        if !diagnostic.path.isEmpty { metadata["at"] = "\(diagnostic.path)" }
        if let hint = diagnostic.hint { metadata["hint"] = "\(hint)" }
        logger.log(
            level: diagnostic.severity == .error ? .error : .warning,
            "\(diagnostic.position): \(diagnostic.severity.rawValue)[\(diagnostic.code)]: \(diagnostic.message)",
            metadata: metadata)
    }

    private func watch(_ files: [String], asOf before: FileFingerprint, _ reload: ReloadConfig) {
        self.files = files
        follow(source.paths(files), before, reload)
    }

    private var currentFiles: [String] { current?.files ?? [] }
    private var currentReload: ReloadConfig { current?.config.reload ?? ReloadConfig() }

    /// Frees what older generations held; for as long as there is anything.
    package func releaseGenerations() async {
        guard engine.holdsOlderGenerations else { return }
        let engine = engine
        await BackgroundThread.run { engine.releaseGenerations() }
    }
}

extension Duration {
    var wholeMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

import Config
import Glibc
package import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Runs one gateway: its admin API, its name resolver, its data plane, and what follows the configuration, until a
/// signal or a failure ends it.
///
/// Order of the start: the admin API (so that probes see a start that takes long), names, listeners. The end goes the
/// other way round, so that `/readyz` says 503 for as long as requests are being drained.
package struct GatewayServices: Sendable {
    private let first: FirstConfig
    private let before: FileFingerprint
    private let source: ConfigSource
    private let engine: any GatewayEngine
    private let events: EventLog
    private let logger: Logger
    private let notification: ServiceNotification
    private let stopsOnSignals: Bool
    private let whenServing: @Sendable () -> Void

    /// - Parameters:
    ///   - loaded: what is served first; read from `source`, compiled and tested.
    ///   - before: what the files looked like before they were read.
    ///   - stopsOnSignals: TERM and INT drain and stop, a second one ends the process at once; HUP reloads.
    ///   - whenServing: called once, when the listeners and the admin API accept connections.
    package init(
        loaded: LoadedConfig, asOf before: FileFingerprint, source: ConfigSource, engine: any GatewayEngine,
        events: EventLog, logger: Logger, notification: ServiceNotification, stopsOnSignals: Bool = true,
        whenServing: @escaping @Sendable () -> Void = {}
    ) {
        first = FirstConfig(loaded)
        self.before = before
        self.source = source
        self.engine = engine
        self.events = events
        self.logger = logger
        self.notification = notification
        self.stopsOnSignals = stopsOnSignals
        self.whenServing = whenServing
    }

    /// Returns after a stop: true when every request had ended by itself.
    ///
    /// - Throws: `StartFailure`, or what ended a service.
    package func run() async throws -> Bool {
        let engine = engine
        let resolver = NameResolver(logger: logger, events: events) { upstream, targets in
            engine.publish(endpoints: targets, upstream: upstream)
        }
        let triggers = ReloadTriggers()
        let (adminAddress, debounce) = (first.adminAddress, first.debounce)
        let watcher = ConfigWatcher(debounce: debounce) { triggers.request(.file) }
        let reloader = Reloader(
            source: source, engine: engine, resolver: resolver, events: events, logger: logger
        ) { paths, before, reload in
            watcher.setDebounce(reload.debounce)
            watcher.follow(reload.watch ? paths : [], asOf: before)
        }
        let stopping = Stopping()
        let (adminBound, adminIsBound) = AsyncStream<Void>.makeStream()
        var services: [any Service] = []
        if let address = adminAddress {
            services.append(adminServer(address, reloader, stopping, adminIsBound))
        } else {
            adminIsBound.finish()
        }
        services.append(resolver)
        services.append(
            FilterService(engine: engine, reloader: reloader, history: source.scripts, logger: logger))
        services.append(TicketRotation())
        let figures = JWKSFigures()
        engine.collect { figures.samples() }
        services.append(JWKSService(engine: engine, events: events, logger: logger, figures: figures))
        services.append(ReloadService(reloader: reloader, triggers: triggers, notification: notification))
        services.append(
            EngineService(
                first: first, before: before, engine: engine, reloader: reloader, events: events, logger: logger,
                notification: notification, whenServing: whenServing, stopping: stopping
            ) { for await _ in adminBound {} })
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
                logger: quietLogger))
        stopping.set { await group.triggerGracefulShutdown() }
        defer {
            watcher.stop()
            stopping.liftExitLimit()
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            if stopsOnSignals { tasks.addTask { await self.watchSignals(triggers, stopping) } }
            tasks.addTask { try await group.run() }
            // The signals alone never end by themselves, so the first to end is the group.
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
        if let failure = stopping.failure { throw failure }
        return stopping.wasClean
    }

    private func adminServer(
        _ address: String, _ reloader: Reloader, _ stopping: Stopping, _ adminIsBound: AsyncStream<Void>.Continuation
    ) -> AdminServer {
        let events = events
        let actions = AdminActions(
            generations: { await reloader.generations }, effective: { await reloader.effective },
            mask: { await reloader.mask }, reload: { await reloader.reload(.request) },
            rollback: { await reloader.rollback(to: $0) },
            drain: {
                // Answered before the server itself begins to stop.
                Task { await stopping.begin() }
            }, events: { events.events })
        return AdminServer(
            address: address, api: AdminAPI(status: engine, actions: actions), logger: logger
        ) { [logger] port in
            let actual = address.hasSuffix(":0") ? address.dropLast() + "\(port ?? 0)" : address[...]
            logger.info("admin API listens", metadata: ["address": "\(actual)"])
            adminIsBound.finish()
        }
    }

    /// The lifecycle library reports each step at levels of its own; only its warnings are news to an operator.
    private var quietLogger: Logger {
        var quiet = logger
        quiet.logLevel = max(quiet.logLevel, .warning)
        return quiet
    }

    private func watchSignals(_ triggers: ReloadTriggers, _ stopping: Stopping) async {
        var stopCount = 0
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup) {
            if signal == .sighup {
                engine.reopenLogs()
                events.add(.logsReopened, "log files were opened again")
                triggers.request(.signal)
                continue
            }
            stopCount += 1
            guard stopCount == 1 else {
                logger.warning("stopped at once by a second signal; requests in flight were cut")
                exit(1)
            }
            logger.notice("stopping", metadata: ["signal": "\(signal)"])
            await stopping.begin()
        }
    }
}

/// What is served first, on its way to those who serve it: kept any longer, it would take the room of a second
/// configuration.
///
/// - Threads: any.
final class FirstConfig: Sendable {
    let adminAddress: String?
    let debounce: Duration
    private let loaded: Mutex<LoadedConfig?>

    init(_ loaded: LoadedConfig) {
        adminAddress = loaded.config.admin.address
        debounce = loaded.config.reload.debounce
        self.loaded = Mutex(loaded)
    }

    /// nil when it was taken before.
    func take() -> LoadedConfig? {
        loaded.withLock { loaded in
            defer { loaded = nil }
            return loaded
        }
    }
}

/// How the process is told to stop, and how that went.
///
/// - Threads: any.
final class Stopping: Sendable {
    private struct State: Sendable {
        var begin: (@Sendable () async -> Void)?
        var wasClean = true
        var failure: (any Error)?
        var exit: Task<Void, Never>?
    }

    private let state = Mutex(State())

    func set(_ begin: @escaping @Sendable () async -> Void) { state.withLock { $0.begin = begin } }
    func begin() async { await state.withLock { $0.begin }?() }

    /// Stops because the start has failed.
    func fail(_ error: any Error) async {
        state.withLock { $0.failure = error }
        await begin()
    }

    var failure: (any Error)? { state.withLock(\.failure) }

    /// The data plane has ended: whatever else still hangs gets no longer than this.
    func limitExit(to grace: Duration) {
        let code: Int32 = wasClean ? 0 : 1
        let task = Task.detached {
            do { try await Task.sleep(for: grace) } catch { return }
            exit(code)
        }
        state.withLock { $0.exit = task }
    }

    /// Everything has ended in time. Whoever ran the services goes on, which need not be a process about to end: tests
    /// were ended halfway, and with success.
    func liftExitLimit() {
        state.withLock { state in
            state.exit?.cancel()
            state.exit = nil
        }
    }

    /// Every request ended by itself.
    var wasClean: Bool {
        get { state.withLock { $0.wasClean } }
        set { state.withLock { $0.wasClean = newValue } }
    }
}

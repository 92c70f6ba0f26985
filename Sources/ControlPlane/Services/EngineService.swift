import Config
import Logging
import ServiceLifecycle

/// The data plane as a service: started once names are known, and stopped without losing a request.
struct EngineService: Service {
    let first: FirstConfig
    let before: FileFingerprint
    let engine: any GatewayEngine
    let reloader: Reloader
    let events: EventLog
    let logger: Logger
    let notification: ServiceNotification
    let whenServing: @Sendable () -> Void
    let stopping: Stopping
    let prepare: @Sendable () async -> Void

    private static let idleGrace: Duration = .milliseconds(250)
    /// What the admin API's last answers may take.
    private static let exitGrace: Duration = .seconds(5)

    func run() async throws {
        await cancelWhenGracefulShutdown { await prepare() }
        // The admin API may have failed, or a signal may have come, while it was awaited.
        guard !Task.isCancelled, !Task.isShuttingDownGracefully else { return }
        do {
            try await start()
        } catch {
            // The others end in order: an admin API that is cancelled may have a connection in its hands.
            await stopping.fail(error)
            try? await gracefulShutdown()
            return
        }
        guard !Task.isCancelled else { return }
        logger.notice("serving", metadata: ["listeners": "\(engine.listenerAddresses.joined(separator: ", "))"])
        whenServing()
        notification.ready()
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await beatForSystemd() }
            try? await gracefulShutdown()
            tasks.cancelAll()
        }
        notification.stopping()
        await stop()
    }

    private func start() async throws {
        guard let loaded = first.take() else { return }
        try await ListenerProbe.check(loaded.config.listeners)
        try await reloader.start(loaded, asOf: before)
    }

    /// Tells the service manager that the loops turn; silence makes it restart the process.
    private func beatForSystemd() async {
        guard let interval = notification.watchdogInterval else { return }
        while !Task.isCancelled {
            if engine.livenessProblems().isEmpty { notification.watchdog() }
            guard (try? await Task.sleep(for: max(interval / 2, .milliseconds(100)))) != nil else { return }
        }
    }

    /// Readiness goes first, while new connections are still taken; then the listeners and idle connections; then,
    /// when every request has ended or the time is up, the rest.
    private func stop() async {
        let timeouts = engine.servedConfig.timeouts
        let deadline = ContinuousClock.now + timeouts.drain
        engine.leave()
        events.add(.draining, "asking clients to go elsewhere")
        logger.notice("draining", metadata: ["timeout": "\(timeouts.drain)"])
        // The task may have been cancelled already; time has to pass all the same.
        let delay = min(timeouts.drainDelay, timeouts.drain)
        await Task { try? await Task.sleep(for: delay) }.value
        engine.beginDrain()
        // However short the time: what is idle needs a moment to end by itself.
        let isClean = await engine.stop(before: max(deadline, ContinuousClock.now + Self.idleGrace))
        stopping.wasClean = isClean
        stopping.limitExit(to: Self.exitGrace)
        if isClean {
            logger.notice("stopped")
        } else {
            logger.warning("stopped at the end of timeouts.drain; requests in flight were cut")
        }
    }
}

package import Config
import Glibc
package import Logging
import ServiceLifecycle
import UnixSignals

/// Runs one gateway: its admin API, its name resolver and its data plane, until a signal or a failure ends it.
///
/// Order of the start: the admin API (so that probes see a start that takes long), names, listeners. The end goes the
/// other way round, so that `/readyz` says 503 for as long as requests are being drained.
package struct GatewayServices: Sendable {
    /// How long the start waits for upstream names; one that takes longer is served 503 until it resolves.
    private static let firstRoundMax: Duration = .seconds(1)

    private let config: GatewayConfig
    private let engine: any GatewayEngine
    private let logger: Logger
    private let stopsOnSignals: Bool
    private let whenServing: @Sendable () -> Void

    /// - Parameters:
    ///   - stopsOnSignals: TERM and INT drain and stop; a second one ends the process at once.
    ///   - whenServing: called once, when the listeners and the admin API accept connections.
    package init(
        config: GatewayConfig, engine: any GatewayEngine, logger: Logger, stopsOnSignals: Bool = true,
        whenServing: @escaping @Sendable () -> Void = {}
    ) {
        self.config = config
        self.engine = engine
        self.logger = logger
        self.stopsOnSignals = stopsOnSignals
        self.whenServing = whenServing
    }

    /// Returns after an orderly stop.
    ///
    /// - Throws: `StartFailure`, or what ended a service.
    package func run() async throws {
        let engine = engine
        let resolver = NameResolver(upstreams: config.upstreams, logger: logger) { upstream, targets in
            engine.publish(endpoints: targets, upstream: upstream)
        }
        let (adminBound, adminIsBound) = AsyncStream<Void>.makeStream()
        var services: [any Service] = []
        if let address = config.admin.address {
            services.append(
                AdminServer(address: address, status: engine, logger: logger) { [logger] port in
                    let actual = address.hasSuffix(":0") ? address.dropLast() + "\(port ?? 0)" : address[...]
                    logger.info("admin API listens", metadata: ["address": "\(actual)"])
                    adminIsBound.finish()
                })
        } else {
            adminIsBound.finish()
        }
        services.append(resolver)
        services.append(
            EngineService(engine: engine, listeners: config.listeners, logger: logger, whenServing: whenServing) {
                for await _ in adminBound {}
                resolver.publishNumeric()
                await resolver.waitForFirstRound(atMost: Self.firstRoundMax)
            })
        let configuration = ServiceGroupConfiguration(
            services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }, logger: quietLogger)
        let group = ServiceGroup(configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            if stopsOnSignals { tasks.addTask { await self.watchSignals(stopping: group) } }
            tasks.addTask { try await group.run() }
            // The signals alone never end by themselves, so the first to end is the group.
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    /// The lifecycle library reports each step at levels of its own; only its warnings are news to an operator.
    private var quietLogger: Logger {
        var quiet = logger
        quiet.logLevel = max(quiet.logLevel, .warning)
        return quiet
    }

    private func watchSignals(stopping group: ServiceGroup) async {
        var stopCount = 0
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup) {
            if signal == .sighup {
                logger.warning("reloading is not supported by this version; restart to apply a new configuration")
                continue
            }
            stopCount += 1
            guard stopCount == 1 else {
                logger.warning("stopped at once by a second signal; requests in flight were cut")
                exit(1)
            }
            logger.notice("draining", metadata: ["signal": "\(signal)", "timeout": "\(config.timeouts.drain)"])
            await group.triggerGracefulShutdown()
        }
    }
}

/// The data plane as a service.
private struct EngineService: Service {
    let engine: any GatewayEngine
    let listeners: [ListenerConfig]
    let logger: Logger
    let whenServing: @Sendable () -> Void
    let prepare: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await prepare() }
        // The admin API may have failed, or a signal may have come, while names were awaited.
        guard !Task.isCancelled, !Task.isShuttingDownGracefully else { return }
        try await ListenerProbe.check(listeners)
        try engine.start()
        logger.notice("serving", metadata: ["listeners": "\(engine.listenerAddresses.joined(separator: ", "))"])
        whenServing()
        try? await gracefulShutdown()
        engine.beginDrain()
        await engine.stop()
        logger.notice("stopped")
    }
}

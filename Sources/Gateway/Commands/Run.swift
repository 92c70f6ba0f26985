import ArgumentParser
import Config
import ControlPlane
import EventLoop
import Foundation
import Logging

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve.",
        discussion: """
            TERM and INT drain and stop: /readyz says 503 at once, after timeouts.drain_delay nothing new is accepted, \
            requests in flight finish within timeouts.drain. A second TERM or INT stops at once. HUP reloads the \
            configuration and opens log files again.

            Exit codes: 0 after every request had ended, 1 after some were cut, 3 when it could not start.
            """)

    @OptionGroup var config: ConfigOption

    func run() async throws {
        ProcessLimits.prepareToServe()
        let settings = try ProcessSettings.ofProcess()
        settings.startLogging()
        try await Self.serve(.file(try config.displayPath(), settings: settings))
    }

    /// Serves what `source` says until a signal ends it. A wrong configuration cannot be started (exit code 3);
    /// requests that were cut at the end make it 1.
    static func serve(_ source: ConfigSource, whenServing: @escaping @Sendable () -> Void = {}) async throws {
        let loaded: LoadedConfig
        let attempt = source.check()
        switch attempt.outcome {
        case .success(let checked): loaded = checked
        case .failure(let failure):
            StandardError.write(failure.description)
            throw ExitCode(3)
        }
        for warning in loaded.warnings { StandardError.write(warning.description) }
        let (events, logger) = (EventLog(), Logger(label: "gateway"))
        let runtime = try GatewayRuntime(
            config: loaded.config, version: GatewayVersion.gateway, swiftVersion: GatewayVersion.swift,
            luaVersion: Version.lua, events: events, logger: logger)
        let services = GatewayServices(
            loaded: loaded, asOf: attempt.before, source: source, engine: runtime, events: events, logger: logger,
            notification: ServiceNotification { ProcessInfo.processInfo.environment[$0] }, whenServing: whenServing)
        guard try await services.run() else { throw ExitCode(1) }
    }
}

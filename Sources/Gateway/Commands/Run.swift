import ArgumentParser
import Config
import ControlPlane
import Logging

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve.",
        discussion: """
            TERM and INT drain and stop: no new connections, /readyz answers 503, requests in flight finish within \
            timeouts.drain. A second TERM or INT stops at once.
            """)

    @OptionGroup var config: ConfigOption

    func run() async throws {
        try ProcessSettings.ofProcess().startLogging()
        try await Self.serve { try config.load() }
    }

    /// Serves what `load` returns until a signal ends it. A wrong configuration cannot be started (exit code 3).
    static func serve(
        whenServing: @escaping @Sendable () -> Void = {}, load: () throws -> LoadedConfig
    ) async throws {
        let config: GatewayConfig
        do {
            let loaded = try load()
            let warnings = try loaded.warnings + ConfigCheck.warnings(compiling: loaded.config)
            for warning in warnings { StandardError.write(warning.description) }
            config = loaded.config
        } catch let failure as ConfigFailure {
            StandardError.write(failure.description)
            throw ExitCode(3)
        }
        let runtime = try GatewayRuntime(
            config: config, version: GatewayVersion.gateway, swiftVersion: GatewayVersion.swift,
            luaVersion: Version.lua)
        let services = GatewayServices(
            config: config, engine: runtime, logger: Logger(label: "gateway"), whenServing: whenServing)
        try await services.run()
    }
}

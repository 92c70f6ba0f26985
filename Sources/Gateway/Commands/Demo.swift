import ArgumentParser
import Config
import ControlPlane
import Foundation
import Logging

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve a demonstration: the gateway and three upstreams in one process.")

    @Option(help: "Where the gateway listens, on 127.0.0.1.") var port = 8080
    @Option(help: "Where the admin API listens, on 127.0.0.1.") var adminPort = 9901

    func validate() throws {
        for (name, value) in [("--port", port), ("--admin-port", adminPort)] where !(1...65_535).contains(value) {
            throw ValidationError("\(name) is \(value); ports are 1 to 65535")
        }
    }

    func run() async throws {
        var settings = try ProcessSettings.ofProcess()
        // The curl lines are what the screen is for.
        settings.logLevel = max(settings.logLevel, .warning)
        settings.startLogging()
        let (ports, arePorts) = AsyncStream<[String: Int]>.makeStream()
        let delays: [String: Duration] = ["fast": .zero, "medium": .milliseconds(20), "slow": .milliseconds(150)]
        let upstreams = DemoUpstreams(delays: delays) { arePorts.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await upstreams.run() }
            tasks.addTask {
                guard let ports = await ports.first(where: { _ in true }) else { return }
                try await serve(upstreamPorts: ports)
            }
            // The upstreams run until cancelled, so the first to end is the gateway, or a failure.
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    private func serve(upstreamPorts: [String: Int]) async throws {
        let demo = DemoConfig(
            port: port, adminPort: adminPort, fastPort: upstreamPorts["fast"] ?? 0,
            mediumPort: upstreamPorts["medium"] ?? 0, slowPort: upstreamPorts["slow"] ?? 0)
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("gateway-demo-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appendingPathComponent("gateway.yaml")
        try demo.yaml.write(to: file, atomically: true, encoding: .utf8)
        let program = CommandLine.arguments.first ?? "gateway"
        do {
            try await Run.serve(.file(file.path, settings: ProcessSettings())) {
                // Not `print`: it would hold the text back until the end where standard output is no terminal.
                let screen = Self.screen(demo, program: program, configPath: file.path)
                FileHandle.standardOutput.write(Data(screen.utf8))
            }
        } catch var failure as StartFailure {
            failure.hint = "choose other ports: \(program) demo --port \(port + 1) --admin-port \(adminPort + 1)"
            throw failure
        }
    }

    private static func screen(_ demo: DemoConfig, program: String, configPath: String) -> String {
        let config = demo.yaml.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : "    \($0)" }.joined(separator: "\n")
        return """
            This configuration is being served (\(configPath)):

            \(config)
            Worth trying, in another terminal:

            \(demo.suggestions(program: program, configPath: configPath))

            The gateway listens on http://127.0.0.1:\(demo.port), its admin API on http://127.0.0.1:\(demo.adminPort). \
            Ctrl-C ends both.

            """
    }
}

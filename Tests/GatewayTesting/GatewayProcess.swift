import Foundation
import Glibc

/// The real `gateway` binary with a configuration of the test's, on ports of its own.
package final class GatewayProcess: Sendable {
    package let port: UInt16
    package let adminPort: UInt16
    /// The listener on a unix socket that `unixListener` asked for.
    package let unixPath: String
    package let configFile: String
    package let child: ChildProcess
    /// Where the configuration file lies.
    package let directory: TemporaryDirectory
    /// What stands before the test's own configuration.
    private let head: String
    /// Kept as long as the gateway lives.
    private let upstream: ScriptedUpstream?

    /// Starts and waits until `/readyz` says 200.
    ///
    /// - Parameters:
    ///   - listeners: further entries, each line with its indentation and line end.
    ///   - config: the file without `listeners`, `admin` and `workers`, which this adds.
    ///   - descriptorLimit: the process's `RLIMIT_NOFILE`.
    ///   - adminKeys: further keys of `admin`.
    ///   - scripts: Lua filters by name, each a file of the folder that `lua.path` names by default.
    package init(
        workers: Int = 1, unixListener: Bool = false, environment: [String: String] = [:],
        descriptorLimit: Int? = nil, upstream: ScriptedUpstream? = nil, listeners: String = "", config: String,
        adminKeys: String = "", scripts: [String: String] = [:]
    ) throws {
        self.upstream = upstream
        directory = try TemporaryDirectory()
        for (name, text) in scripts { try directory.write("filters/\(name).lua", text) }
        port = try FreePort.take()
        adminPort = try FreePort.take()
        unixPath = directory.path + "/gateway.sock"
        let admin = "address: \"127.0.0.1:\(adminPort)\"" + (adminKeys.isEmpty ? "" : ", \(adminKeys)")
        var head = "workers: \(workers)\nadmin: { \(admin) }\nlisteners:\n"
        head += "  - { name: http, address: \"127.0.0.1:\(port)\" }\n"
        if unixListener { head += "  - { name: local, address: \"unix:\(unixPath)\" }\n" }
        head += listeners
        self.head = head
        configFile = try directory.write("gateway.yaml", head + config)
        child = try ChildProcess(
            Self.binary(), ["run", "-c", configFile], environment: environment, workingDirectory: directory.path,
            descriptorLimit: descriptorLimit)
        try waitUntilReady()
    }

    /// One route, named `all`, that sends everything to `upstream`.
    ///
    /// - Parameter top: further top-level keys, each line with its line end.
    package convenience init(
        forwardingTo upstream: ScriptedUpstream, top: String = "", workers: Int = 1, unixListener: Bool = false,
        descriptorLimit: Int? = nil
    ) throws {
        let route = "  - { name: all, path: \"/*\", upstream: \"\(upstream.url)\" }\n"
        try self.init(
            workers: workers, unixListener: unixListener, descriptorLimit: descriptorLimit,
            upstream: upstream, config: top + "routes:\n" + route)
    }

    deinit { child.kill() }

    private func waitUntilReady() throws {
        try waitUntil("readiness; its log: \(child.errors) \(child.output)", before: .after(.seconds(40))) {
            guard child.isRunning else {
                throw TestingFailure("gateway ended with \(try child.wait()): \(child.errors) \(child.output)")
            }
            return (try? admin("/readyz"))?.status == 200
        }
    }

    /// The binary under test: `GATEWAY_BINARY`, else the one built beside the running test bundle.
    package static func binary() throws -> String {
        if let path = ProcessInfo.processInfo.environment["GATEWAY_BINARY"] { return path }
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let path = bundle.deletingLastPathComponent().appendingPathComponent("gateway").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TestingFailure("no gateway at \(path): run `swift build --product gateway`, or set GATEWAY_BINARY")
        }
        return path
    }

    package func connect(receiveBuffer: Int? = nil) throws -> RawConnection {
        try RawConnection(port: port, receiveBuffer: receiveBuffer)
    }

    /// One `GET` on a connection of its own.
    package func get(_ target: String, host: String = "gateway.test", _ lines: String...) throws -> HTTPMessage {
        try connect().exchange(RawConnection.request("GET", target, host: host, lines))
    }

    /// One `GET` of the admin API.
    package func admin(_ target: String, _ lines: String...) throws -> HTTPMessage {
        let head = RawConnection.request("GET", target, host: "127.0.0.1", lines + ["Connection: close"])
        return try RawConnection(port: adminPort).exchange(head)
    }

    /// One `POST` to the admin API.
    package func adminPost(_ target: String, _ lines: String...) throws -> HTTPMessage {
        let head = RawConnection.request(
            "POST", target, host: "127.0.0.1:\(adminPort)", lines + ["Connection: close", "Content-Length: 0"])
        return try RawConnection(port: adminPort).exchange(head)
    }

    /// Puts another configuration in place of the file's, as editors do: a new file is renamed over the old one.
    ///
    /// - Parameter listeners: further entries, each line with its indentation and line end.
    package func rewrite(listeners: String = "", _ config: String) throws {
        let text = head + listeners + config
        let fresh = try directory.write("gateway.yaml.new", text)
        guard unsafe rename(fresh, configFile) == 0 else { throw TestingFailure("cannot rename \(fresh)") }
    }

    /// Puts another text in place of a Lua filter's, as editors do.
    package func rewriteScript(_ name: String, _ text: String) throws {
        let fresh = try directory.write("filters/\(name).lua.new", text)
        let file = "\(directory.path)/filters/\(name).lua"
        guard unsafe rename(fresh, file) == 0 else { throw TestingFailure("cannot rename \(fresh)") }
    }

    /// Waits until every worker serves that generation.
    package func waitForGeneration(_ number: Int) throws {
        try waitUntil("generation \(number); its log: \(child.errors)") {
            try metrics().value("gateway_config_generation") == Double(number) && admin("/readyz").status == 200
        }
    }

    package func metrics() throws -> MetricsSnapshot { try MetricsSnapshot(parsing: admin("/metrics").text) }

    /// Requests that ended with that reason so far, on every route.
    package func endedCount(_ reason: String) throws -> Int {
        try metrics().count("gateway_requests_ended_total", ["reason": reason])
    }

    /// Waits until the count of ended requests with `reason` exceeds `before`: a worker may still be writing it down
    /// when the client has its answer.
    package func waitForEnd(_ reason: String, moreThan before: Int) throws {
        try waitUntil("another request that ended as \(reason)") { try endedCount(reason) > before }
    }

    /// Sends SIGTERM and waits; the exit code.
    package func terminate(before deadline: Deadline = .usual) throws -> Int32 {
        child.signal(SIGTERM)
        return try child.wait(before: deadline)
    }

    /// Runs one of the gateway's commands to its end.
    package static func command(
        _ arguments: [String], environment: [String: String] = [:], workingDirectory: String? = nil
    ) throws -> (exitCode: Int32, output: String, errors: String) {
        try ChildProcess.run(
            binary(), arguments, environment: environment, workingDirectory: workingDirectory,
            before: .after(.seconds(40)))
    }
}

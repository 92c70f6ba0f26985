import Foundation
import Glibc
import Synchronization

/// A program started by a test, with its output in files, killed at the latest when the test process ends.
package final class ChildProcess: Sendable {
    package let identifier: Int32
    private let directory: TemporaryDirectory
    private let exitStatus = Mutex<Int32?>(nil)

    /// - Parameters:
    ///   - executable: an absolute path, or a name found through `PATH`.
    ///   - environment: added to the test process's own.
    ///   - descriptorLimit: the child's `RLIMIT_NOFILE`, soft and hard.
    package init(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:],
        workingDirectory: String? = nil, descriptorLimit: Int? = nil
    ) throws {
        directory = try TemporaryDirectory()
        // --pdeathsig works even when the tests crash. Each of these replaces itself, so the identifier is the child's.
        var command = ["setpriv", "--pdeathsig", "KILL"]
        if let descriptorLimit { command += ["prlimit", "--nofile=\(descriptorLimit):\(descriptorLimit)"] }
        if let workingDirectory { command += ["env", "--chdir", workingDirectory] }
        command += [executable] + arguments
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        identifier = try Spawner.shared.spawn(
            command, environment: merged.map { "\($0.key)=\($0.value)" },
            output: directory.path + "/stdout", errors: directory.path + "/stderr")
    }

    deinit { kill() }

    package var output: String { read("stdout") }
    package var errors: String { read("stderr") }

    private func read(_ name: String) -> String {
        String(
            decoding: (try? Data(contentsOf: URL(fileURLWithPath: directory.path + "/" + name))) ?? Data(),
            as: UTF8.self)
    }

    package var isRunning: Bool { reap() == nil }

    package func signal(_ number: Int32) { if isRunning { _ = Glibc.kill(identifier, number) } }

    /// Waits for the end; the exit code, or minus the signal's number.
    package func wait(before deadline: Deadline = .usual) throws -> Int32 {
        try waitUntil("exit of process \(identifier); stderr: \(errors)", before: deadline) { reap() != nil }
        return reap() ?? 0
    }

    /// Ends it without asking.
    package func kill() {
        signal(SIGKILL)
        _ = try? wait(before: .after(.seconds(5)))
    }

    private func reap() -> Int32? {
        exitStatus.withLock { known in
            if known != nil { return known }
            var status: Int32 = 0
            guard unsafe waitpid(identifier, &status, WNOHANG) == identifier else { return nil }
            known = status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
            return known
        }
    }

    /// Resident memory in bytes, from `/proc`.
    package var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return 0 }
        return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }

    package var openDescriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/fd").count) ?? 0
    }

    /// Runs a program to its end.
    package static func run(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:],
        workingDirectory: String? = nil, before deadline: Deadline = .usual
    ) throws -> (exitCode: Int32, output: String, errors: String) {
        let child = try ChildProcess(
            executable, arguments, environment: environment, workingDirectory: workingDirectory)
        let code = try child.wait(before: deadline)
        return (code, child.output, child.errors)
    }
}

/// Starts every child from one thread that never ends: `PR_SET_PDEATHSIG` is tied to the thread, not the process.
private final class Spawner: Sendable {
    static let shared = Spawner()

    private struct Order {
        var arguments: [String]
        var environment: [String]
        var output: String
        var errors: String
        var reply: @Sendable (Int32, Int32) -> Void
    }

    private let orders = Mutex<[Order]>([])
    private let wakeup = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                wakeup.wait()
                if let order = orders.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { Self.fill(order) }
            }
        }
    }

    func spawn(
        _ arguments: [String], environment: [String], output: String, errors: String
    ) throws -> Int32 {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<(error: Int32, identifier: Int32)>((0, 0))
        let order = Order(
            arguments: arguments, environment: environment, output: output, errors: errors,
            reply: { error, identifier in
                result.withLock { $0 = (error, identifier) }
                done.signal()
            })
        orders.withLock { $0.append(order) }
        wakeup.signal()
        done.wait()
        let (error, identifier) = result.withLock { $0 }
        guard error == 0 else { throw TestingFailure("cannot start \(arguments): errno \(error)") }
        return identifier
    }

    private static func fill(_ order: Order) {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 1, order.output, flags, 0o644)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, order.errors, flags, 0o644)
        // A process group of its own: a Ctrl-C meant for the tests is not a signal to the gateway.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        unsafe sigemptyset(&noSignals)
        unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe order.arguments.map { unsafe strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = unsafe order.environment.map { unsafe strdup($0) } + [nil]
        var identifier: Int32 = 0
        let error = betweenSpawns {
            unsafe posix_spawnp(&identifier, order.arguments[0], &actions, &attributes, &arguments, &environment)
        }
        unsafe (arguments + environment).forEach { unsafe free($0) }
        order.reply(error, identifier)
    }
}

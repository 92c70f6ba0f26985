import Foundation
import GatewayTesting
import Testing

/// Hostile scripts that aim at the memory of their VM, with the sandbox built under the address sanitizer: a write
/// behind a freed block may go unnoticed everywhere else.
@Suite("hostile scripts under the address sanitizer")
struct LuaVMSanitizedTests {
    private static let rows = ["19-", "20-", "21-", "22-", "23-"]

    /// The compiler that comes with Swift, or one on the path.
    private static let compiler: String? = {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = ["/opt/swift/usr/bin"] + path.split(separator: ":").map(String.init)
        return folders.map { $0 + "/clang" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    @Test(.enabled(if: compiler != nil, "needs clang")) func touchNoMemoryThatIsNotTheirs() throws {
        let compiler = try #require(Self.compiler)
        let directory = try TemporaryDirectory()
        let program = directory.path + "/run_scripts"
        let sources = RepositoryFiles.list("Sources/CLuaShim", suffix: ".c")
        let built = try ChildProcess.run(
            compiler,
            [
                "-fsanitize=address", "-g", "-O1", "-std=gnu11", "-D_GNU_SOURCE", "-I/usr/include/lua5.4",
                "-ISources/CLuaShim", "-ISources/CLuaShim/include", "Tests/PluginsTests/Sanitized/run_scripts.c",
            ] + sources + ["-llua5.4", "-lcrypto", "-lpthread", "-lm", "-o", program],
            environment: ProcessInfo.processInfo.environment, workingDirectory: RepositoryFiles.root,
            before: .after(.seconds(300)))
        try #require(built.exitCode == 0, "\(built.errors)")

        let scripts = HostileScriptTests.files.filter { file in
            Self.rows.contains { file.split(separator: "/").last?.hasPrefix($0) == true }
        }
        try #require(scripts.contains { $0.contains("/21-") })
        let run = try ChildProcess.run(
            program, scripts, environment: ProcessInfo.processInfo.environment, workingDirectory: RepositoryFiles.root,
            before: .after(.seconds(300)))
        #expect(run.exitCode == 0 && !run.errors.contains("Sanitizer"), "\(run.errors)")
        let verdicts = run.output.split(separator: "\n")
        try #require(verdicts.count == scripts.count)
        for (script, verdict) in zip(scripts, verdicts) where script.contains("/21-") {
            #expect(verdict == "killed_mem" || verdict == "killed_cpu", "\(script)")
        }
    }
}

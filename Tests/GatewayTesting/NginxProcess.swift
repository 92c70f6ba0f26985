import Foundation
import Glibc

/// A real nginx with one server block of the test's: one process in the foreground, so that ending it leaves nothing.
package final class NginxProcess: Sendable {
    package let port: UInt16
    package let directory: TemporaryDirectory
    private let child: ChildProcess

    package var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameter server: what goes into `server { listen PORT; … }`; `root` is the temporary directory.
    package init(server: String, files: [String: String] = [:]) throws {
        directory = try TemporaryDirectory()
        // nginx refuses to serve as root what its worker user cannot read.
        _ = unsafe chmod(directory.path, 0o755)
        port = try FreePort.take()
        for (name, text) in files { try directory.write(name, text) }
        let path = directory.path
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(path)/\($0);" }.joined(separator: "\n")
        let config = try directory.write(
            "nginx.conf",
            """
            daemon off; master_process off; pid \(path)/nginx.pid; error_log stderr warn;
            events { worker_connections 512; }
            http {
              access_log off; root \(path);
              \(temporary)
              server { listen 127.0.0.1:\(port); \(server) }
            }
            """)
        child = try ChildProcess(Self.binary, ["-c", config, "-p", path, "-e", "stderr"])
        let address = PeerAddress.port(port)
        try waitUntil("nginx accepts; its log: \(child.errors)") {
            guard child.isRunning else { throw TestingFailure("nginx ended: \(child.errors)") }
            return (try? StreamSocket.connecting(to: address)) != nil
        }
    }

    deinit { child.kill() }

    private static let binary =
        FileManager.default.isExecutableFile(atPath: "/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx"
}

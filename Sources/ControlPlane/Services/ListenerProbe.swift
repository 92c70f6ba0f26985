import Bytes
package import Config
import EventLoop
import Glibc
import NIOCore
import NIOPosix

/// Finds out whether a listener's address is free before the workers bind it.
///
/// They bind with SO_REUSEPORT, one socket each, and so would a second gateway of the same user: the kernel would let
/// it share the port without a word, and deal half of the connections to each. A bind without that option fails while
/// anybody listens there.
package enum ListenerProbe {
    /// The admin API's server would take a living gateway's unix socket away.
    ///
    /// - Throws: `StartFailure` when somebody answers at that path.
    package static func checkAdmin(_ address: String) throws {
        guard case .unix(let path)? = Bytes.SocketAddress(parsing: address),
            let (socket, isConnected) = try? Socket.connect(to: .unix(path))
        else { return }
        socket.close()
        guard isConnected else { return }
        throw StartFailure.cannotListen(
            what: "the admin API", on: address, setting: "admin.address", errno: EADDRINUSE)
    }

    /// The port of a listener on an IP address; 0 for any other.
    static func port(of listener: ListenerConfig) -> UInt16 {
        guard case .ip(_, let port)? = Bytes.SocketAddress(parsing: listener.address) else { return 0 }
        return port
    }

    /// Unix sockets are left out: theirs cannot be shared.
    ///
    /// - Throws: `StartFailure` that names the first address that is taken or cannot be had.
    package static func check(_ listeners: [ListenerConfig]) async throws {
        for listener in listeners {
            guard case .ip(let address, let port)? = Bytes.SocketAddress(parsing: listener.address), port != 0 else {
                continue
            }
            do {
                let channel = try await ServerBootstrap(group: ControlEventLoop.group)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: "\(address)", port: Int(port)).get()
                try await channel.close().get()
            } catch {
                throw StartFailure.cannotListen(
                    what: "listener \"\(listener.name)\"", on: listener.address, setting: "listeners.address", error)
            }
        }
    }
}

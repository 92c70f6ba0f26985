package import Bytes
import CLinux
import Glibc

/// A listening socket of one worker. TCP listeners exist once per worker (SO_REUSEPORT); a unix socket is one
/// descriptor that all workers watch, each woken alone.
package final class Listener {
    package enum Accepted {
        case connection(Socket, peer: IPAddress?)
        case none
        /// Out of descriptors or memory: stop accepting for a moment, the queue keeps the peers.
        case exhausted
    }

    package let descriptor: Int32
    package let address: SocketAddress
    package let isShared: Bool
    /// Of several descriptors for one unix socket, one takes its file away.
    private let ownsPath: Bool

    private init(descriptor: Int32, address: SocketAddress, isShared: Bool, ownsPath: Bool) {
        self.descriptor = descriptor
        self.address = address
        self.isShared = isShared
        self.ownsPath = ownsPath
    }

    /// Stands where a listener is named but nothing is listened on.
    package static var placeholder: Listener {
        Listener(descriptor: -1, address: .ip(.loopback, port: 0), isShared: false, ownsPath: false)
    }

    /// Binds and listens.
    ///
    /// - Throws: `SystemError`, EADDRINUSE and EACCES being the usual ones.
    package static func bind(_ address: SocketAddress, backlog: Int32 = 4096) throws(SystemError) -> Listener {
        let descriptor: Int32
        switch address {
        case .ip(let ip, let port):
            var raw = gwlinux_address(ip, port: port)
            descriptor = unsafe gwlinux_listen_tcp(&raw, backlog, 1)
        case .unix(let path):
            descriptor = unsafe path.withCString { unsafe gwlinux_listen_unix($0, backlog, 0o666) }
        }
        guard descriptor >= 0 else { throw SystemError(code: -descriptor, call: "bind") }
        var isUnix = false
        if case .unix = address { isUnix = true }
        return Listener(descriptor: descriptor, address: address, isShared: isUnix, ownsPath: isUnix)
    }

    /// The same socket for another worker, by a descriptor of its own: each closes what it watches.
    package func sharing() throws(SystemError) -> Listener {
        let copy = gwlinux_duplicate(descriptor)
        guard copy >= 0 else { throw SystemError(code: -copy, call: "fcntl") }
        return Listener(descriptor: copy, address: address, isShared: true, ownsPath: false)
    }

    /// The port in force, for listeners on port 0.
    package var localPort: Int { Int(gwlinux_local_port(descriptor)) }

    package var interest: Interest { isShared ? .sharedAccept : .accept }

    package func accept() -> Accepted {
        var peer = gwlinux_address()
        let accepted = unsafe gwlinux_accept(descriptor, &peer)
        if accepted >= 0 { return .connection(Socket(descriptor: accepted), peer: peer.ip) }
        switch -accepted {
        case EAGAIN: return .none
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
        default: return .none
        }
    }

    /// Stops listening; connections in the queue of a TCP listener are reset by the kernel.
    package func close() {
        if ownsPath, case .unix(let path) = address { _ = unsafe unlink(path) }
        gwlinux_close(descriptor)
    }
}

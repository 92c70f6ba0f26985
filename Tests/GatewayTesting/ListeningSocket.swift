import Glibc
import Synchronization

/// A listening socket on loopback; `accept` waits in slices so that `close` from another thread ends it.
package final class ListeningSocket: Sendable {
    package let port: UInt16
    private let descriptor: Int32
    private let isOpen = Atomic(true)

    /// - Parameters:
    ///   - port: 0 lets the kernel choose.
    ///   - backlog: with 0, one connection is queued and the next ones hang in connecting.
    package init(port: UInt16 = 0, backlog: Int32 = 1024) throws {
        descriptor = try openSocket(AF_INET)
        var yes: Int32 = 1
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let descriptor = descriptor
        let result = try unsafe withSocketAddress(.port(port)) { pointer, length in
            unsafe bind(descriptor, pointer, length)
        }
        guard result == 0, listen(descriptor, backlog) == 0 else {
            _ = Glibc.close(descriptor)
            throw TestingFailure("listen on \(port): errno \(errno)")
        }
        self.port = try boundPort(of: descriptor)
    }

    deinit { _ = Glibc.close(descriptor) }

    /// The next connection, or nil once closed.
    package func accept() -> StreamSocket? {
        while isOpen.load(ordering: .acquiring) {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&entry, 1, 50) > 0 else { continue }
            let accepted = betweenSpawns {
                let accepted = Glibc.accept(descriptor, nil, nil)
                if accepted >= 0 { _ = fcntl(accepted, F_SETFD, FD_CLOEXEC) }
                return accepted
            }
            if accepted >= 0 { return StreamSocket(adopting: accepted) }
        }
        return nil
    }

    /// Refuses connections from now on. The descriptor lives on until `deinit`, since a thread may wait on it.
    package func close() {
        if isOpen.exchange(false, ordering: .acquiringAndReleasing) { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
}

/// Loopback ports below the range that the kernel hands out, so that no outgoing connection takes one in between.
package enum FreePort {
    private static let next = Mutex(UInt16(20_000 + Int(getpid()) % 110 * 100))

    package static func take() throws -> UInt16 {
        for _ in 0..<2000 {
            let port = next.withLock { next in
                next = next >= 32_000 ? 20_000 : next + 1
                return next
            }
            if (try? ListeningSocket(port: port)) != nil { return port }
        }
        throw TestingFailure("no free port below 32000")
    }
}

private let spawning = Mutex(())

/// Runs `body` while no child is being started: a descriptor must be close-on-exec before one is, or the child would
/// hold a connection open that a test closed.
func betweenSpawns<Result: Sendable>(_ body: () -> sending Result) -> Result { spawning.withLock { _ in body() } }

func openSocket(_ family: Int32) throws -> Int32 {
    // Close-on-exec: a child of the test process must not hold a connection open that a test closed.
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw TestingFailure("socket: errno \(errno)") }
    return descriptor
}

private func boundPort(of descriptor: Int32) throws -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe getsockname(descriptor, $0, &length)
        }
    }
    guard result == 0 else { throw TestingFailure("getsockname: errno \(errno)") }
    return UInt16(bigEndian: address.sin_port)
}

func withSocketAddress(
    _ address: PeerAddress, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) throws -> Int32 {
    switch address {
    case .port(let port):
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return unsafe withUnsafePointer(to: &target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    case .unix(let path):
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: target.sun_path) else {
            throw TestingFailure("socket path too long: \(path)")
        }
        unsafe withUnsafeMutableBytes(of: &target.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return unsafe withUnsafePointer(to: &target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

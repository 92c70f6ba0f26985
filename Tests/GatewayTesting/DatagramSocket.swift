import Glibc

/// A unix socket that takes datagrams, as a service manager listens on.
package final class DatagramSocket: Sendable {
    private let descriptor: Int32

    /// - Parameter path: in the file system, or `@name` for an abstract one.
    package init(_ path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw TestingFailure("socket path too long: \(path)")
        }
        // The length of an abstract address is part of its name.
        if path.hasPrefix("@") { name[0] = 0 }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestingFailure("socket: errno \(errno)") }
        let descriptor = descriptor
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, length) }
        }
        guard result == 0 else {
            _ = Glibc.close(descriptor)
            throw TestingFailure("bind \(path): errno \(errno)")
        }
    }

    deinit { _ = Glibc.close(descriptor) }

    package func receive(before deadline: Deadline = .usual) throws -> String {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&entry, 1, deadline.millisecondsLeft) <= 0 {
            if deadline.isPast { throw TestingFailure("no datagram came") }
        }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw TestingFailure("recv: errno \(errno)") }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

import CLinux

/// Single datagrams to unix sockets, as service managers take them.
package enum UnixDatagram {
    /// Sends `text` from a socket of its own, and never waits for room at the other side.
    ///
    /// - Parameter path: of a socket in the file system, or `@name` for an abstract one.
    /// - Throws: ENOENT and ECONNREFUSED when nobody listens, EAGAIN when the queue is full, EMSGSIZE.
    package static func send(_ text: String, to path: String) throws(SystemError) {
        let bytes = Array(text.utf8)
        let code = unsafe path.withCString { path in
            // Sound: the pointers are used within the closures only.
            unsafe bytes.withUnsafeBufferPointer { unsafe gwlinux_send_datagram(path, $0.baseAddress, $0.count) }
        }
        guard code >= 0 else { throw SystemError(code: -code, call: "sendto") }
    }
}

import CLinux

/// `Poller` over epoll.
package final class EpollPoller: Poller {
    private let epoll: Int32
    private var ready: [gwlinux_event]

    /// - Throws: `SystemError` when the process is out of descriptors.
    package init() throws(SystemError) {
        epoll = gwlinux_epoll_create()
        guard epoll >= 0 else { throw SystemError(code: -epoll, call: "epoll_create1") }
        ready = Array(repeating: gwlinux_event(), count: 256)
    }

    deinit {
        gwlinux_close(epoll)
    }

    package func add(_ descriptor: Int32, token: Token, interest: Interest) throws(SystemError) {
        let code = gwlinux_epoll_add(epoll, descriptor, flags(interest), token.bits)
        guard code >= 0 else { throw SystemError(code: -code, call: "epoll_ctl") }
    }

    package func modify(_ descriptor: Int32, token: Token, interest: Interest) throws(SystemError) {
        let code = gwlinux_epoll_modify(epoll, descriptor, flags(interest), token.bits)
        guard code >= 0 else { throw SystemError(code: -code, call: "epoll_ctl") }
    }

    package func remove(_ descriptor: Int32) {
        _ = gwlinux_epoll_remove(epoll, descriptor)
    }

    package func wait(milliseconds: Int32, into events: inout [ReadyEvent]) throws(SystemError) {
        events.removeAll(keepingCapacity: true)
        let count = unsafe ready.withUnsafeMutableBufferPointer { space -> Int32 in
            // Sound: the kernel fills at most `space.count` entries.
            unsafe gwlinux_epoll_wait(epoll, space.baseAddress, Int32(space.count), milliseconds)
        }
        guard count >= 0 else { throw SystemError(code: -count, call: "epoll_wait") }
        for index in 0..<Int(count) {
            let event = ready[index]
            events.append(
                ReadyEvent(token: Token(bits: event.token), readiness: Readiness(rawValue: event.readiness)))
        }
    }

    /// Edge-triggered unless the interest is one of a listener.
    private func flags(_ interest: Interest) -> UInt32 {
        if interest.contains(.sharedAccept) { return GWLINUX_EXCLUSIVE | UInt32(GWLINUX_IN) }
        if interest.contains(.accept) { return UInt32(GWLINUX_IN) }
        return interest.rawValue | GWLINUX_EDGE
    }
}

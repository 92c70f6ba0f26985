import CLinux
import Synchronization

/// Messages from any thread to one worker, which an eventfd wakes.
///
/// - Threads: `post` from anywhere; `drain` by the owning worker. The lock is held for an append or a swap, never
///   across a system call.
package final class Mailbox<Message: Sendable>: Sendable {
    private let pending = Mutex<[Message]>([])
    /// The eventfd that the worker's poller watches.
    package let descriptor: Int32

    package init() throws(SystemError) {
        descriptor = gwlinux_eventfd()
        guard descriptor >= 0 else { throw SystemError(code: -descriptor, call: "eventfd") }
    }

    deinit {
        gwlinux_close(descriptor)
    }

    package func post(_ message: Message) {
        let wasEmpty = pending.withLock { queue in
            let wasEmpty = queue.isEmpty
            queue.append(message)
            return wasEmpty
        }
        if wasEmpty { gwlinux_eventfd_signal(descriptor) }
    }

    /// Takes everything that was posted, in order.
    package func drain() -> [Message] {
        gwlinux_eventfd_clear(descriptor)
        return pending.withLock { queue in
            let messages = queue
            queue = []
            return messages
        }
    }
}

import CLinux
import Synchronization

/// Puts one thread to sleep until another has something for it. Announcing costs a load while the thread is awake.
///
/// - Threads: `wait` on one thread; `announce` on any.
package final class Wakeup: Sendable {
    private let descriptor: Int32
    private let isAsleep = Atomic<Bool>(false)

    package init() throws(SystemError) {
        descriptor = gwlinux_eventfd()
        guard descriptor >= 0 else { throw SystemError(code: -descriptor, call: "eventfd") }
    }

    deinit {
        gwlinux_close(descriptor)
    }

    /// There is something to do.
    package func announce() {
        // What was done before must be visible before this looks; the fence in `wait` is the other half. One of the two
        // then sees what the other did: the sleeper the work, or this the sleeper.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if isAsleep.load(ordering: .relaxed) { wake() }
    }

    /// Ends a `wait`, whether there is something or not.
    package func wake() {
        gwlinux_eventfd_signal(descriptor)
    }

    /// Sleeps until somebody announces, or for `milliseconds`, for ever when negative.
    ///
    /// - Parameter isIdle: asked once more after which an announcement can no longer be missed.
    package func wait(milliseconds: Int32, ifStill isIdle: () -> Bool) {
        isAsleep.store(true, ordering: .relaxed)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if isIdle() { gwlinux_eventfd_wait(descriptor, milliseconds) }
        isAsleep.store(false, ordering: .relaxed)
        gwlinux_eventfd_clear(descriptor)
    }

    /// Rests although there may be something to do; only `wake` ends it early.
    package func rest(milliseconds: Int32) {
        gwlinux_eventfd_wait(descriptor, milliseconds)
        gwlinux_eventfd_clear(descriptor)
    }
}

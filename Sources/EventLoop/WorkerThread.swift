import CLinux

/// A thread of its own for a worker's loop, outside the cooperative pool.
package enum WorkerThread {
    /// Deep enough for Lua's C recursion limits with room to spare.
    private static let stackBytes = 8 << 20

    /// Starts `body` on a new thread called `name` (at most 15 bytes, as `top -H` shows it).
    ///
    /// - Parameter niceness: how far behind other threads it stands, 0 to 19.
    package static func start(
        name: String, niceness: Int32 = 0, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let box = unsafe Unmanaged.passRetained(
            Body {
                if niceness > 0 { gwlinux_lower_priority(niceness) }
                body()
            })
        let code = unsafe name.withCString { name in
            unsafe gwlinux_start_thread(
                name, stackBytes,
                { raw in
                    // Sound: the retained box was passed once and is taken back once.
                    if let raw = unsafe raw { unsafe Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run() }
                }, box.toOpaque())
        }
        guard code >= 0 else {
            unsafe box.release()
            throw SystemError(code: -code, call: "pthread_create")
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

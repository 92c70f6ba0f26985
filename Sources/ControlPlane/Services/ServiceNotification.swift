import Bytes
import EventLoop
import Glibc

/// Tells systemd what the process is about, in the protocol of sd_notify(3). Without a service manager, which names its
/// socket in `NOTIFY_SOCKET`, every call does nothing.
///
/// - Threads: any. A call takes one system call's time and never waits; each tells whether the manager's queue took the
///   message, for who wants to try again.
package struct ServiceNotification: Sendable {
    /// Longer text is cut: what does not fit into the manager's buffer of 4 KiB is dropped whole.
    private static let statusBytesMax = 1024

    private let socketPath: String?
    /// How long systemd waits for a sign of life before it ends the process; `watchdog()` is due after half of it.
    /// Nil when nobody waits.
    package let watchdogInterval: Duration?

    /// - Parameters:
    ///   - environment: where `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are looked up.
    ///   - processIdentifier: the process whose watchdog may be asked for; a child inherits the variables, but is not
    ///     the one that is waited for.
    package init(environment: (String) -> String?, processIdentifier: Int32 = getpid()) {
        // Other families of sockets, such as vsock, are for virtual machines.
        socketPath = environment("NOTIFY_SOCKET").flatMap { path in
            path.hasPrefix("/") || path.hasPrefix("@") && path.count > 1 ? path : nil
        }
        let isOurs = environment("WATCHDOG_PID").map { Int32($0) == processIdentifier } ?? true
        let microseconds = environment("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
        watchdogInterval = socketPath != nil && isOurs && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// The service has started, or has ended a reload.
    @discardableResult package func ready() -> Bool { send("READY=1") }

    /// A reload begins; `ready()` must follow, whatever came of it.
    @discardableResult package func reloading() -> Bool {
        // The time tells the manager whether this answers its request or began before it.
        send("RELOADING=1\nMONOTONIC_USEC=\(EventLoop.Clock.now().nanoseconds / 1000)")
    }

    @discardableResult package func stopping() -> Bool { send("STOPPING=1") }

    /// One line for `systemctl status`.
    @discardableResult package func status(_ text: String) -> Bool {
        var line = ""
        for scalar in text.unicodeScalars {
            // A line feed would begin another assignment.
            let isControl = scalar.properties.generalCategory == .control
            line.unicodeScalars.append(isControl ? " " : scalar)
            if line.utf8.count > Self.statusBytesMax {
                line.unicodeScalars.removeLast()
                break
            }
        }
        return send("STATUS=" + line)
    }

    /// A sign of life.
    @discardableResult package func watchdog() -> Bool { send("WATCHDOG=1") }

    private func send(_ text: String) -> Bool {
        guard let socketPath else { return false }
        do throws(SystemError) {
            try UnixDatagram.send(text, to: socketPath)
            return true
        } catch {
            // A service does not fail for want of somebody to tell.
            return false
        }
    }
}

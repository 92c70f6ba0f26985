import CLinux
import Synchronization

/// Compares passwords with their hashes, which are made to take their time: on whatever threads the control plane has
/// for that, never on a worker.
///
/// - Limits: so many under way or waiting; more are turned away.
package final class PasswordChecks: Sendable {
    package typealias Runner = @Sendable (_ work: @escaping @Sendable () -> Void) -> Void

    private let runner = Mutex<Runner?>(nil)
    private let waiting = Atomic<Int>(0)

    static let waitingMax = 64

    package init() {}

    /// Says where the work is done; without, it is done at once, which is right for tests alone.
    package func run(by runner: @escaping Runner) { self.runner.withLock { $0 = runner } }

    /// Compares, and calls `done` once; false, with nothing compared, when too many are waiting.
    func start(
        _ password: [UInt8], against hash: String, _ check: PasswordCheck, _ done: @escaping @Sendable () -> Void
    ) -> Bool {
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.waitingMax else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            done()
            return false
        }
        let work: @Sendable () -> Void = { [self] in
            let fits = Self.fits(password, hash)
            waiting.wrappingSubtract(1, ordering: .relaxed)
            check.finish(fits)
            done()
        }
        if let runner = runner.withLock({ $0 }) { runner(work) } else { work() }
        return true
    }

    static func fits(_ password: [UInt8], _ hash: String) -> Bool {
        // A NUL would end it, and two passwords would be one.
        guard !password.contains(0) else { return false }
        // Sound: both are strings that live until the call returns.
        return unsafe gwlinux_password_fits(String(decoding: password, as: UTF8.self), hash) != 0
    }
}

/// One comparison under way.
final class PasswordCheck: Sendable {
    /// 0: not done, 1: it does not fit, 2: it fits.
    private let state = Atomic<Int>(0)

    fileprivate func finish(_ fits: Bool) { state.store(fits ? 2 : 1, ordering: .releasing) }

    /// nil while it is not done.
    var result: Bool? {
        switch state.load(ordering: .acquiring) {
        case 0: nil
        case 1: false
        default: true
        }
    }
}

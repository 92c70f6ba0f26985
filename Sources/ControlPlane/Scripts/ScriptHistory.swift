import Config
import Synchronization

/// What is known of scripts from having served with them: the last version of each that did well, and those that did
/// not, which are not tried again.
///
/// - Threads: any.
package final class ScriptHistory: Sendable {
    private struct State {
        var good: [String: ScriptProgram] = [:]
        var bad: Set<String> = []
        var passed: Set<String> = []
    }

    private let state = Mutex(State())

    package init() {}

    /// What serves in place of a version that was taken back; nil for any other.
    func replacement(for program: ScriptProgram) -> ScriptProgram? {
        state.withLock { state in
            guard state.bad.contains(program.hash), let good = state.good[program.name] else { return nil }
            return good.hash == program.hash ? nil : good
        }
    }

    /// A version has proved itself.
    func remember(_ program: ScriptProgram) {
        state.withLock { state in
            guard !state.bad.contains(program.hash) else { return }
            state.good[program.name] = program
        }
    }

    /// A version failed on real requests.
    ///
    /// - Returns: whether there is another one to go back to.
    func reject(_ program: ScriptProgram) -> Bool {
        state.withLock { state in
            guard let good = state.good[program.name], good.hash != program.hash else { return false }
            state.bad.insert(program.hash)
            return true
        }
    }

    /// The tests of a version have passed.
    func notePassed(_ key: String) { state.withLock { _ = $0.passed.insert(key) } }
    func hasPassed(_ key: String) -> Bool { state.withLock { $0.passed.contains(key) } }

    func good(_ name: String) -> ScriptProgram? { state.withLock { $0.good[name] } }
    func isBad(_ hash: String) -> Bool { state.withLock { $0.bad.contains(hash) } }
}

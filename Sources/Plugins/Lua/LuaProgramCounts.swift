package import Synchronization

/// How the calls of one script on one worker went: written by the worker, read by the control plane, which decides by
/// them whether a changed script stays.
package final class LuaProgramCounts: Sendable {
    package let calls = Atomic<Int>(0)
    package let errors = Atomic<Int>(0)
    package let kills = Atomic<Int>(0)
    package let cpuNanoseconds = Atomic<Int64>(0)
    package let rebuilds = Atomic<Int>(0)
    package let isBreakerOpen = Atomic<Bool>(false)
    package let byteCount = Atomic<Int>(0)
    package let suspended = Atomic<Int>(0)

    package init() {}
}

extension Atomic where Value == Int {
    /// Adds to a value that one thread writes: no locked instruction.
    func count(_ amount: Int = 1) { store(load(ordering: .relaxed) &+ amount, ordering: .relaxed) }
}

extension Atomic where Value == Int64 {
    func count(_ amount: Int64) { store(load(ordering: .relaxed) &+ amount, ordering: .relaxed) }
}

import Dispatch
import Synchronization

/// Two threads that compare passwords with their hashes, so that guessing costs the workers next to nothing.
final class PasswordThreads: Sendable {
    private let queues = [DispatchQueue(label: "passwords-0"), DispatchQueue(label: "passwords-1")]
    private let turn = Atomic<Int>(0)

    func run(_ work: @escaping @Sendable () -> Void) {
        queues[turn.wrappingAdd(1, ordering: .relaxed).newValue & 1].async(execute: work)
    }
}

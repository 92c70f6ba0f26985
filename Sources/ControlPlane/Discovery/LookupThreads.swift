package import Bytes
import EventLoop
import Synchronization

/// Runs blocking name look-ups on threads of their own, so that a slow DNS server holds up neither a worker nor the
/// cooperative pool. A thread starts when there is work and ends when there is none.
///
/// - Limits: `threadsMax` look-ups at once; the others wait their turn.
package final class LookupThreads: Sendable {
    package typealias Answer = Result<[IPAddress], SystemResolver.Failure>
    package typealias Resolve = @Sendable (String) throws(SystemResolver.Failure) -> [IPAddress]

    private static let threadsMax = 8

    private struct Job: Sendable {
        var host: String
        /// Somebody still waits for the answer.
        var isWanted: @Sendable () -> Bool
        var answer: @Sendable (Answer) -> Void
    }

    private struct Queue: Sendable {
        var waiting: [Job] = []
        var threadCount = 0
    }

    private let resolve: Resolve
    private let queue = Mutex(Queue())

    package init(resolve: @escaping Resolve) {
        self.resolve = resolve
    }

    /// The addresses of `host`. A cancelled caller gets an answer at once; the look-up itself cannot be interrupted.
    package func addresses(of host: String) async -> Answer {
        let waiter = Waiter()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard waiter.wait(continuation) else { return }
                enqueue(Job(host: host, isWanted: { !waiter.isFinished }) { waiter.finish($0) })
            }
        } onCancel: {
            waiter.finish(.failure(SystemResolver.Failure("the look-up was cancelled")))
        }
    }

    private func enqueue(_ job: Job) {
        let needsThread = queue.withLock { queue in
            queue.waiting.append(job)
            guard queue.threadCount < Self.threadsMax else { return false }
            queue.threadCount += 1
            return true
        }
        guard needsThread else { return }
        do throws(SystemError) {
            try WorkerThread.start(name: "resolver") { self.work() }
        } catch {
            // The jobs of the threads that do run still get done; with none, everybody hears why.
            let stranded = queue.withLock { queue in
                queue.threadCount -= 1
                guard queue.threadCount == 0 else { return [Job]() }
                defer { queue.waiting = [] }
                return queue.waiting
            }
            for job in stranded { job.answer(.failure(SystemResolver.Failure("\(error)"))) }
        }
    }

    private func work() {
        while true {
            let next = queue.withLock { queue -> Job? in
                queue.waiting.removeAll { !$0.isWanted() }
                guard queue.waiting.isEmpty else { return queue.waiting.removeFirst() }
                queue.threadCount -= 1
                return nil
            }
            guard let next else { return }
            do throws(SystemResolver.Failure) {
                next.answer(.success(try resolve(next.host)))
            } catch {
                next.answer(.failure(error))
            }
        }
    }

    /// One continuation that is resumed exactly once, by the look-up or by cancellation, whichever comes first.
    private final class Waiter: Sendable {
        private enum State {
            case new
            case waiting(CheckedContinuation<Answer, Never>)
            case finished(Answer)
        }

        private let state = Mutex(State.new)

        var isFinished: Bool {
            state.withLock { state in if case .finished = state { true } else { false } }
        }

        /// False when cancellation came first; the continuation has been resumed then.
        func wait(_ continuation: CheckedContinuation<Answer, Never>) -> Bool {
            let early = state.withLock { state -> Answer? in
                if case .finished(let answer) = state { return answer }
                state = .waiting(continuation)
                return nil
            }
            if let early { continuation.resume(returning: early) }
            return early == nil
        }

        func finish(_ answer: Answer) {
            let continuation = state.withLock { state -> CheckedContinuation<Answer, Never>? in
                switch state {
                case .finished: return nil
                case .new:
                    state = .finished(answer)
                    return nil
                case .waiting(let continuation):
                    state = .finished(answer)
                    return continuation
                }
            }
            continuation?.resume(returning: answer)
        }
    }
}

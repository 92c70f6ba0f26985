import EventLoop
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct WakeupTests {
    private final class Work: Sendable {
        let wakeup: Wakeup
        let posted = Atomic<Int>(0)
        let done = Atomic<Int>(0)

        init() throws { wakeup = try Wakeup() }
    }

    @Test func doesNotSleepOverWork() throws {
        let wakeup = try Wakeup()
        wakeup.wait(milliseconds: -1) { false }
        wakeup.wake()
        wakeup.wait(milliseconds: -1) { true }
    }

    @Test func anAnnouncementIsNeverMissed() throws {
        let work = try Work()
        let count = 3_000
        try WorkerThread.start(name: "sleeper") {
            // What is done is kept here, so that nothing but the posted number is shared.
            var done = 0
            while done < count {
                work.wakeup.wait(milliseconds: -1) { [done] in work.posted.load(ordering: .acquiring) == done }
                done = work.posted.load(ordering: .acquiring)
                work.done.store(done, ordering: .releasing)
            }
        }
        for number in 1...count {
            work.posted.store(number, ordering: .releasing)
            work.wakeup.announce()
            // Each piece is waited for, so that one that was missed would be waited for for ever.
            while work.done.load(ordering: .acquiring) < number {}
        }
        while work.done.load(ordering: .acquiring) < count {}
    }
}

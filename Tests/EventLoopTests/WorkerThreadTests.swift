import Glibc
import Testing

@testable import EventLoop

@Suite struct WorkerThreadTests {
    @Test func runsElsewhereWithRoomOnItsStack() throws {
        let mailbox = try Mailbox<Bool>()
        let here = pthread_self()
        try WorkerThread.start(name: "a-name-past-the-15-bytes") {
            @inline(never) func depth(_ left: Int) -> Int { left == 0 ? 0 : 1 + depth(left - 1) }
            mailbox.post(pthread_equal(pthread_self(), here) == 0 && depth(20_000) == 20_000)
        }
        _ = try awaitReadiness(of: mailbox.descriptor, .read)
        #expect(mailbox.drain() == [true])
    }
}

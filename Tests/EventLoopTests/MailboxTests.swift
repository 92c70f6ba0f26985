import Bytes
import Testing

@testable import EventLoop

@Suite struct MailboxTests {
    private func wakeUps(_ poller: EpollPoller, _ milliseconds: Int32) throws -> Int {
        var events: [ReadyEvent] = []
        try poller.wait(milliseconds: milliseconds, into: &events)
        return events.count
    }

    private func watch(_ descriptor: Int32) throws -> EpollPoller {
        let poller = try EpollPoller()
        try poller.add(descriptor, token: Token(bits: 1), interest: .read)
        return poller
    }

    @Test func keepsTheOrder() throws {
        let mailbox = try Mailbox<Int>()
        #expect(mailbox.drain().isEmpty)
        for number in 0..<100 { mailbox.post(number) }
        #expect(mailbox.drain() == Array(0..<100))
        #expect(mailbox.drain().isEmpty)
    }

    @Test func wakesOncePerDrain() throws {
        let mailbox = try Mailbox<Int>()
        let poller = try watch(mailbox.descriptor)
        #expect(try wakeUps(poller, 0) == 0)
        for round in 0..<3 {
            mailbox.post(round)
            #expect(try wakeUps(poller, 20_000) == 1)
            // The worker knows already; another wake-up would be a wasted turn.
            mailbox.post(round)
            #expect(try wakeUps(poller, 0) == 0)
            #expect(mailbox.drain() == [round, round])
            #expect(try wakeUps(poller, 0) == 0)
        }
    }

    private struct Letter: Sendable {
        var sender: Int
        var number: Int
    }

    @Test func takesFromManyThreadsWithoutLoss() throws {
        let mailbox = try Mailbox<Letter>()
        let poller = try watch(mailbox.descriptor)
        let (senders, letters) = (4, 2000)
        for sender in 0..<senders {
            try WorkerThread.start(name: "sender-\(sender)") {
                for number in 0..<letters { mailbox.post(Letter(sender: sender, number: number)) }
            }
        }
        var next = [Int](repeating: 0, count: senders)
        var received = 0
        while received < senders * letters {
            // Every batch is announced: without the wake-up this times out.
            try #require(try wakeUps(poller, 20_000) == 1)
            for letter in mailbox.drain() {
                #expect(letter.number == next[letter.sender])
                next[letter.sender] += 1
                received += 1
            }
        }
        #expect(next == [Int](repeating: letters, count: senders))
    }
}

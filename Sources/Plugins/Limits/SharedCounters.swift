package import Config
import Synchronization

/// Counters that several gateways share. Workers ask, and are answered on another thread.
package protocol SharedCounters: AnyObject, Sendable {
    /// Not worth asking: it did not answer lately.
    var isDown: Bool { get }
    /// Asks, and calls `done` once, whatever comes of it; the question holds the answer then. Never waits.
    func ask(_ question: CounterQuestion, _ done: @escaping @Sendable () -> Void)
}

/// One request of one client, as shared counters are asked about it.
package final class CounterQuestion: Sendable {
    /// One for each rate, the same on all gateways.
    package let keys: [[UInt8]]
    /// Of each rate, in microseconds.
    package let intervals: [Int64]
    package let tolerances: [Int64]
    package let cost: Int64
    /// nil as long as there is none, and where there will be none.
    private let answer = Mutex<RateLimitTable.Decision?>(nil)

    package init(keys: [[UInt8]], intervals: [Int64], tolerances: [Int64], cost: Int64) {
        self.keys = keys
        self.intervals = intervals
        self.tolerances = tolerances
        self.cost = cost
    }

    package var decision: RateLimitTable.Decision? { answer.withLock { $0 } }

    package func settle(_ decision: RateLimitTable.Decision) { answer.withLock { $0 = decision } }
}

/// Where shared counters are, by URL; opened by the control plane.
package final class SharedCounterLinks: Sendable {
    package typealias Open = @Sendable (_ url: RedisURL, _ timeout: Duration) -> any SharedCounters

    private let open = Mutex<Open?>(nil)
    private let links = Mutex<[RedisURL: any SharedCounters]>([:])

    package init() {}

    package func open(by open: @escaping Open) { self.open.withLock { $0 = open } }

    /// The same one for as long as the process lives; nil where nobody can open any, as in tests of configurations.
    package func link(to url: RedisURL, timeout: Duration) -> (any SharedCounters)? {
        guard let open = open.withLock({ $0 }) else { return nil }
        return links.withLock { links in
            if let known = links[url] { return known }
            let link = open(url, timeout)
            links[url] = link
            return link
        }
    }
}

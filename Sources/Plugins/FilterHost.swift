package import Bytes
package import Telemetry

/// What a worker does for its filters beyond one exchange.
///
/// - Threads: the worker's own.
package protocol FilterHost: AnyObject {
    var workerIndex: Int { get }
    var shard: MetricShard { get }
    /// The time now, and Unix time.
    var preciseNow: Instant { get }
    var wallNanoseconds: Int64 { get }

    /// Runs `task` when the event that is being handled is done with; never within this call.
    func later(_ task: @escaping () -> Void)
    /// Runs `task` in so many nanoseconds, unless the timer is cancelled.
    func after(_ nanoseconds: Int64, _ task: @escaping () -> Void) -> FilterTimer
    /// Sends a request to an upstream of the exchange's generation; `completion` is called once, never within this
    /// call, unless the request is cancelled.
    func send(_ request: Subrequest, for generation: AnyObject?, _ completion: @escaping (SubrequestOutcome) -> Void)
        -> any SubrequestHandle
    /// Has something done elsewhere: `start` gets a function that any thread may call once when it is done, and
    /// `completion` then runs here, never within this call.
    func elsewhere(_ start: (_ done: @escaping @Sendable () -> Void) -> Void, _ completion: @escaping () -> Void)
    /// A line of the program's log, written by another thread.
    func log(_ level: FilterLogLevel, _ message: [UInt8], fields: [UInt8])
}

package final class FilterTimer {
    /// nil once it has fired or was cancelled.
    package var task: (() -> Void)?
    /// The host's.
    package var key: SlotKey?

    package init(_ task: @escaping () -> Void) {
        self.task = task
    }

    package func cancel() { task = nil }
}

package enum FilterLogLevel: UInt8, Sendable { case debug, info, warning, error }

/// A request that a filter sends.
package struct Subrequest {
    package var upstream: [UInt8]
    package var method: [UInt8]
    /// With its query.
    package var path: [UInt8]
    /// Lines with their line ends, checked.
    package var headers: [UInt8]
    package var body: [UInt8]
    package var timeoutNanoseconds: Int64
    package var bodyMax: Int
    package var retries: Int

    package init(
        upstream: [UInt8], method: [UInt8], path: [UInt8], headers: [UInt8], body: [UInt8], timeoutNanoseconds: Int64,
        bodyMax: Int, retries: Int
    ) {
        self.upstream = upstream
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.timeoutNanoseconds = timeoutNanoseconds
        self.bodyMax = bodyMax
        self.retries = retries
    }
}

package struct SubrequestAnswer {
    package var status: Int
    /// Lines with their line ends.
    package var headers: [UInt8]
    package var body: [UInt8]

    package init(status: Int, headers: [UInt8], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

package enum SubrequestError: Error, Sendable {
    case timeout, connect, reset, tooLarge, noUpstream

    /// As scripts see it.
    package var word: StaticString {
        switch self {
        case .timeout: "timeout"
        case .connect: "connect"
        case .reset: "reset"
        case .tooLarge: "too_large"
        case .noUpstream: "no_upstream"
        }
    }
}

package typealias SubrequestOutcome = Result<SubrequestAnswer, SubrequestError>

package protocol SubrequestHandle: AnyObject {
    func cancel()
}

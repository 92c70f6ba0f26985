import Bytes
import HTTP
package import Telemetry

/// One filter of a route, as one worker runs it.
///
/// A route compiles to an array of these, in the order the route lists them; the response phase runs in reverse. Each
/// worker has instances of its own, so a filter may keep state without locks, and must not share objects with other
/// workers (a contended reference count is a contended atomic).
///
/// - Threads: all calls come from the worker that owns the instance. A filter never blocks: what it has to wait for,
///   it starts, answers `.suspend`, and calls `FilterExchange.resume` on the same worker when it is done.
package protocol Filter: AnyObject {
    /// The name under `middleware`, for metrics, logs and `gateway explain`.
    var name: String { get }
    /// The phases behind that of the request head that it takes part in: it is not called for others. All of them
    /// unless it says less.
    var phases: FilterPhases { get }
    /// What the filter needs of the request body; declared, never discovered while running.
    var requestBodyNeed: BodyNeed { get }
    /// What the filter needs of the response body.
    var responseBodyNeed: BodyNeed { get }
    /// Tells it its place in the chain that it belongs to, once.
    func place(at slot: Int)

    /// The request head is known and nothing has been sent upstream. Edits go to `exchange`.
    func onRequest(_ exchange: any FilterExchange) -> FilterVerdict
    /// The response head is known and nothing of it has been sent to the client.
    func onResponse(_ exchange: any FilterExchange) -> FilterVerdict
    /// The exchange has ended, whichever way; runs exactly once for every filter whose request phase ran.
    func onLog(_ exchange: any FilterExchange)

    /// Whether the filter takes part in this body, now that its phase has passed.
    func takesBody(_ side: MessageSide, of exchange: any FilterExchange) -> Bool
    /// A piece of a body whose need is `stream`; the last one may be empty.
    func onBody(
        _ side: MessageSide, _ chunk: [UInt8], isLast: Bool, of exchange: any FilterExchange
    ) -> BodyVerdict
}

extension Filter {
    package var phases: FilterPhases { .all }
    package var requestBodyNeed: BodyNeed { .none }
    package var responseBodyNeed: BodyNeed { .none }
    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict { .proceed }
    package func onResponse(_ exchange: any FilterExchange) -> FilterVerdict { .proceed }
    package func onLog(_ exchange: any FilterExchange) {}
    package func takesBody(_ side: MessageSide, of exchange: any FilterExchange) -> Bool { false }
    package func onBody(
        _ side: MessageSide, _ chunk: [UInt8], isLast: Bool, of exchange: any FilterExchange
    ) -> BodyVerdict { .pass }
    /// Filters that keep nothing per exchange have no use for it.
    package func place(at slot: Int) {}
}

/// Phases of an exchange behind that of the request head.
package struct FilterPhases: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let response = FilterPhases(rawValue: 1)
    package static let log = FilterPhases(rawValue: 2)
    package static let all: FilterPhases = [.response, .log]
}

/// How a filter takes part in a body.
package enum BodyNeed: Equatable, Sendable {
    /// Bytes pass it by; costs nothing.
    case none
    /// It sees each piece as it passes, and may change it.
    case stream
    /// It sees the whole body at once, of at most this many bytes; a longer one ends in 413 or 502.
    case buffer(limit: Int)
}

/// What a phase decides.
package enum FilterVerdict {
    case proceed
    /// Ends the request phase here: this is the answer, which filters before this one see as a response. In the
    /// response phase it replaces the upstream's answer.
    case respond(LocalResponse)
    /// The exchange waits until `FilterExchange.resume` is called.
    case suspend
}

/// An answer that the gateway makes itself.
package struct LocalResponse {
    package var status: Int
    package var reason: EndReason
    /// Field lines without framing; those are the writer's.
    package var headers: [HeaderPair]
    package var body: [UInt8]
    package var contentType: StaticString?

    package init(
        status: Int, reason: EndReason, headers: [HeaderPair] = [], body: [UInt8] = [],
        contentType: StaticString? = nil
    ) {
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body
        self.contentType = contentType
    }
}

/// A header field as bytes, checked when it was made.
package struct HeaderPair: Sendable, Equatable {
    package let name: [UInt8]
    package let value: [UInt8]

    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

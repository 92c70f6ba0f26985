import HTTP
import Telemetry

/// `request-size`: the largest request body of a route, announced or counted (413, RFC 9110 §15.5.14).
package final class RequestSizeFilter: Filter {
    package let name: String
    package var phases: FilterPhases { [] }
    /// Bytes.
    private let limit: Int
    private let requiresLength: Bool

    package init(name: String, limit: Int, requiresLength: Bool) {
        self.name = name
        self.limit = limit
        self.requiresLength = requiresLength
    }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        switch exchange.requestFraming {
        case .length(let count) where count > limit:
            return .respond(LocalResponse(status: 413, reason: .bodyTooLarge))
        case .chunked where requiresLength, .untilClose where requiresLength:
            return .respond(LocalResponse(status: 411, reason: .lengthRequired))
        case .none, .length, .chunked, .untilClose:
            exchange.limitRequestBody(to: limit)
            return .proceed
        }
    }
}

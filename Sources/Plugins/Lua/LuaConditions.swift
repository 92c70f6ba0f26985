import Bytes
import Config
import HTTP

/// `when` of a Lua filter: what has to hold for the script to be entered.
struct LuaConditions {
    private let methods: [[UInt8]]
    private let requestTypes: [[UInt8]]
    private let responseTypes: [[UInt8]]
    private let statuses: [ClosedRange<Int>]
    let concernsRequest: Bool
    let concernsResponse: Bool

    private static let contentType = Array("content-type".utf8)

    init(_ config: LuaConditionsConfig) {
        methods = config.methods.map { Array($0.utf8) }
        requestTypes = config.requestContentType.map { Array($0.utf8) }
        responseTypes = config.responseContentType.map { Array($0.utf8) }
        statuses = config.responseStatus
        concernsRequest = !methods.isEmpty || !requestTypes.isEmpty
        concernsResponse = !responseTypes.isEmpty || !statuses.isEmpty
    }

    func admitsRequest(_ exchange: any FilterExchange) -> Bool {
        if !methods.isEmpty {
            var isListed = false
            exchange.withText(.method) { method in
                isListed = methods.contains { ASCII.equal($0.span, method) }
            }
            guard isListed else { return false }
        }
        return requestTypes.isEmpty || Self.matches(requestTypes, .request, exchange)
    }

    func admitsResponse(_ exchange: any FilterExchange) -> Bool {
        if !statuses.isEmpty, !statuses.contains(where: { $0.contains(exchange.responseStatus) }) { return false }
        return responseTypes.isEmpty || Self.matches(responseTypes, .response, exchange)
    }

    private static func matches(_ types: [[UInt8]], _ side: MessageSide, _ exchange: any FilterExchange) -> Bool {
        var isMatch = false
        exchange.withField(side, contentType.span) { value in
            var end = 0
            while end < value.count, value[end] != 0x3B, value[end] != ASCII.space { end += 1 }
            let type = value.extracting(0..<end)
            isMatch = types.contains { matches($0, type) }
        }
        return isMatch
    }

    /// `text/*` stands for every subtype.
    private static func matches(_ pattern: [UInt8], _ type: Span<UInt8>) -> Bool {
        guard pattern.last == 0x2A else { return ASCII.equalIgnoringCase(pattern.span, type) }
        let prefix = pattern.count - 1
        guard type.count >= prefix else { return false }
        return ASCII.equalIgnoringCase(pattern.span.extracting(0..<prefix), type.extracting(0..<prefix))
    }
}

import Config
import HTTP
import Testing

@testable import Plugins

@Suite("conditions of a script") struct LuaConditionsTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var methods: [String] = []
        var requestTypes: [String] = []
        var responseTypes: [String] = []
        var statuses: [ClosedRange<Int>] = []
        var method = "GET"
        var requestType: String?
        var responseType: String?
        var status = 200
        var admitsRequest = true
        var admitsResponse = true

        var testDescription: String {
            let when = [methods, requestTypes, responseTypes, statuses.map { "\($0)" }].map { "\($0)" }
            return "\(when.joined(separator: " ")) \(method) \(requestType ?? "-") \(status) \(responseType ?? "-")"
        }
    }

    static let rows: [Row] = [
        Row(),
        Row(methods: ["POST", "GET"]),
        Row(methods: ["POST"], admitsRequest: false),
        Row(methods: ["GET"], method: "get", admitsRequest: false),
        Row(methods: ["PURGE"], method: "PURGE"),
        Row(requestTypes: ["application/json"], admitsRequest: false),
        Row(requestTypes: ["application/json"], requestType: "application/json"),
        Row(requestTypes: ["application/json"], requestType: "Application/JSON;charset=utf-8"),
        Row(requestTypes: ["application/json"], requestType: "application/json ; a=b"),
        Row(requestTypes: ["application/json"], requestType: "application/json5", admitsRequest: false),
        Row(requestTypes: ["application/json"], requestType: "application/jso", admitsRequest: false),
        Row(requestTypes: ["text/*"], requestType: "text/plain"),
        Row(requestTypes: ["text/*"], requestType: "TEXT/plain"),
        Row(requestTypes: ["text/*"], requestType: "textual/plain", admitsRequest: false),
        Row(requestTypes: ["text/*"], requestType: "text", admitsRequest: false),
        Row(requestTypes: ["a/b", "text/*"], requestType: "text/x"),
        Row(requestTypes: ["text/*"], requestType: "", admitsRequest: false),
        Row(responseTypes: ["text/html"], responseType: "text/html; charset=utf-8"),
        Row(responseTypes: ["text/html"], requestType: "text/html", admitsResponse: false),
        Row(responseTypes: ["text/html"], responseType: "image/png", admitsResponse: false),
        Row(statuses: [200...200]),
        Row(statuses: [500...599], admitsResponse: false),
        Row(statuses: [404...404, 500...599], status: 503),
        Row(responseTypes: ["text/html"], statuses: [200...299], responseType: "text/html"),
        Row(
            responseTypes: ["text/html"], statuses: [200...299], responseType: "text/html", status: 404,
            admitsResponse: false),
        // Both must hold.
        Row(methods: ["POST"], requestTypes: ["a/b"], method: "POST", admitsRequest: false),
        Row(methods: ["POST"], requestTypes: ["a/b"], method: "POST", requestType: "a/b"),
    ]

    @Test(arguments: rows) func admits(_ row: Row) {
        var config = LuaConditionsConfig()
        config.methods = row.methods
        config.requestContentType = row.requestTypes
        config.responseContentType = row.responseTypes
        config.responseStatus = row.statuses
        let conditions = LuaConditions(config)
        #expect(conditions.concernsRequest == !(row.methods.isEmpty && row.requestTypes.isEmpty))
        #expect(conditions.concernsResponse == !(row.responseTypes.isEmpty && row.statuses.isEmpty))
        let exchange = FakeFilterExchange()
        exchange.texts[.method] = Array(row.method.utf8)
        exchange.responseStatus = row.status
        for (side, type) in [(MessageSide.request, row.requestType), (.response, row.responseType)] {
            guard let type else { continue }
            exchange.fields[side] = [(Array("Content-Type".utf8), Array(type.utf8))]
        }
        #expect(conditions.admitsRequest(exchange) == row.admitsRequest)
        #expect(conditions.admitsResponse(exchange) == row.admitsResponse)
    }
}

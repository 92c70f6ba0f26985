import Bytes
import Foundation
import HTTP
import Telemetry
import Testing

@testable import DataPlane

@Suite struct ErrorResponseTests {
    @Test(arguments: EndReason.allCases) func problemsAreJSON(_ reason: EndReason) throws {
        let out = ByteBuffer(capacity: ProblemDocument.byteCountMax)
        // The longest identifier that a trusted peer may send.
        let id = String(repeating: "aZ0-_.~", count: 18) + "xy"
        let idBytes = Array(id.utf8)
        ProblemDocument.write(reason, status: reason.status, requestID: idBytes.span, into: out)
        let bytes = [UInt8](copying: out.readable)
        #expect(bytes.last == 0x0A)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(Set(object.keys) == ["type", "title", "status", "request_id"])
        #expect(object["type"] as? String == "urn:gateway:error:\(reason.code)")
        #expect(object["title"] as? String == "\(reason.title)")
        #expect(object["status"] as? Int == reason.status)
        #expect(object["request_id"] as? String == id)
    }

    @Test func theExactBytes() {
        let out = ByteBuffer(capacity: ProblemDocument.byteCountMax)
        ProblemDocument.write(.noRoute, status: 404, requestID: Array("abc".utf8).span, into: out)
        #expect(
            String(decoding: [UInt8](copying: out.readable), as: UTF8.self)
                == "{\"type\":\"urn:gateway:error:no_route\",\"title\":\"\(EndReason.noRoute.title)\","
                + "\"status\":404,\"request_id\":\"abc\"}\n")
    }

    static let requests: [(head: String, reason: EndReason)] = [
        ("GET / HTTP/1.1\r\n\r\n", .badRequest), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .versionNotSupported),
        ("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\nHost: a\r\n\r\n", .uriTooLong),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 40_000) + "\r\n\r\n", .headersTooLarge),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", .badRequest),
    ]

    @Test(arguments: requests) func refusedHeadsHaveAReason(_ head: String, _ reason: EndReason) {
        var parser = RequestParser(limits: RequestLimits())
        var parsed = RequestHead()
        let bytes = Array(head.utf8)
        let error = #expect(throws: RequestError.self) { try parser.parse(bytes.span, into: &parsed) }
        #expect(error?.endReason == reason)
    }

    static let responses: [(head: String, isLimit: Bool)] = [
        ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 70_000) + "\r\n\r\n", true),
        ("HTTP/1.1 200 " + String(repeating: "a", count: 17_000) + "\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n", false), ("banana\r\n\r\n", false),
    ]

    @Test(arguments: responses) func tooLargeIsNotWrong(_ head: String, _ isLimit: Bool) {
        var parser = ResponseParser(limits: UpstreamPool.responseLimits)
        var parsed = ResponseHead()
        let bytes = Array(head.utf8)
        let error = #expect(throws: ResponseError.self) {
            try parser.parse(bytes.span, into: &parsed, requestMethod: .get)
        }
        #expect(error?.endsInLimit == isLimit)
    }
}

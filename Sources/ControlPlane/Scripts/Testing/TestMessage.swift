import Bytes
import Foundation
import HTTP

/// A request or response as a test sees it: read from bytes that the gateway wrote, so that its form is known.
struct TestMessage {
    private(set) var status = 0
    private(set) var method = ""
    private(set) var target = ""
    /// By lower-case name; several of one name are joined.
    private(set) var headers: [String: String] = [:]
    private(set) var body: [UInt8] = []
    private(set) var chunks: [[UInt8]] = []
    private(set) var isWhole = true

    init(_ bytes: [UInt8]) {
        guard let end = Self.endOfHead(bytes) else {
            isWhole = false
            return
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let first = (lines.first ?? "").split(separator: " ", maxSplits: 2).map(String.init)
        if first.count > 1, first[0].hasPrefix("HTTP/") {
            status = Int(first[1]) ?? 0
            if status >= 100, status < 200 {
                // What comes before the answer itself.
                self = TestMessage(Array(bytes[(end + 4)...]))
                return
            }
        } else if first.count > 1 {
            method = first[0]
            target = first[1]
        }
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[name] = headers[name].map { $0 + ", " + value } ?? value
        }
        let rest = Array(bytes[(end + 4)...])
        if headers["transfer-encoding"] == "chunked" {
            readChunks(rest)
        } else {
            body = rest
            if let length = headers["content-length"].flatMap({ Int($0) }) {
                isWhole = rest.count == length || rest.isEmpty
            }
        }
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for index in 0...(bytes.count - 4) where bytes[index..<index + 4].elementsEqual([13, 10, 13, 10]) {
            return index
        }
        return nil
    }

    private mutating func readChunks(_ bytes: [UInt8]) {
        var offset = 0
        while let line = bytes[offset...].firstIndex(of: 13),
            let count = Int(String(decoding: bytes[offset..<line], as: UTF8.self), radix: 16)
        {
            let start = line + 2
            if count == 0 { return }
            guard start + count <= bytes.count else { break }
            chunks.append(Array(bytes[start..<start + count]))
            body += bytes[start..<start + count]
            offset = start + count + 2
            guard offset <= bytes.count else { break }
        }
        isWhole = false
    }

    /// A text as it is; other bytes as base64.
    func putBody(into result: inout [String: Any]) {
        if let text = String(validating: body, as: UTF8.self) {
            result["body"] = text
        } else {
            result["base64"] = Data(body).base64EncodedString()
        }
    }

    /// As a request of which a test asks.
    var request: [String: Any] {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var result: [String: Any] = [
            "method": method, "path": String(parts.first ?? ""), "query": parts.count > 1 ? String(parts[1]) : "",
            "host": headers["host"] ?? "", "headers": headers,
        ]
        putBody(into: &result)
        return result
    }

    /// The body of a described message.
    static func body(of described: [String: Any]) -> [UInt8] {
        if let encoded = described["base64"] as? String { return Array(Data(base64Encoded: encoded) ?? Data()) }
        if let text = described["body"] as? String { return Array(text.utf8) }
        return []
    }

    static func chunked(_ chunks: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for chunk in chunks where !chunk.isEmpty {
            bytes += Array((String(chunk.count, radix: 16) + "\r\n").utf8) + chunk + [13, 10]
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }
}

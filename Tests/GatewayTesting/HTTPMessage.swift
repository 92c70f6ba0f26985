/// A request or response as it was on the wire, read by a second, independent implementation of RFC 9112.
package struct HTTPMessage: Sendable, CustomStringConvertible {
    package struct Field: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// How the body ended.
    package enum Ending: Sendable, Equatable {
        /// All that the framing promised arrived.
        case complete
        /// The connection ended before that.
        case broken(StreamEnd)
        /// The bytes break the framing's grammar.
        case malformed(String)
    }

    package var startLine = ""
    package var fields: [Field] = []
    package var trailers: [Field] = []
    /// Transfer coding removed.
    package var body: [UInt8] = []
    /// Every byte of the message as received.
    package var raw: [UInt8] = []
    /// 1xx responses that came before this one.
    package var interim: [HTTPMessage] = []
    package var ending = Ending.complete

    package var status: Int {
        let parts = startLine.split(separator: " ", omittingEmptySubsequences: false)
        return parts.count >= 2 ? Int(parts[1]) ?? 0 : 0
    }
    package var method: String { String(startLine.prefix { $0 != " " }) }
    package var target: String {
        let parts = startLine.split(separator: " ", omittingEmptySubsequences: false)
        return parts.count >= 2 ? String(parts[1]) : ""
    }
    package var text: String { String(decoding: body, as: UTF8.self) }
    package var isComplete: Bool { ending == .complete }
    package var isChunked: Bool { values("transfer-encoding").contains { $0.lowercased() == "chunked" } }

    package var description: String { String(decoding: raw.prefix(2000), as: UTF8.self).debugDescription }

    package func values(_ name: String) -> [String] {
        let name = name.lowercased()
        return fields.filter { $0.name.lowercased() == name }.map(\.value)
    }

    /// The value of the only field of that name; nil when there is none or more than one.
    package subscript(_ name: String) -> String? {
        let values = values(name)
        return values.count == 1 ? values[0] : nil
    }

    /// `"code"` of a problem+json body: the last part of its `type`.
    package var problemCode: String? {
        guard self["content-type"]?.hasPrefix("application/problem+json") == true else { return nil }
        guard let start = text.range(of: "urn:gateway:error:") else { return nil }
        return String(text[start.upperBound...].prefix { $0.isLetter || $0 == "_" })
    }
}

extension String {
    /// The first place of `part`, without Foundation.
    package func range(of part: String) -> Range<String.Index>? {
        let haystack = Array(utf8)
        let needle = Array(part.utf8)
        guard let offset = haystack.firstOffset(of: needle) else { return nil }
        let start = utf8.index(startIndex, offsetBy: offset)
        return start..<utf8.index(start, offsetBy: needle.count)
    }
}

extension [UInt8] {
    /// Where `needle` first starts, at or after `start`.
    package func firstOffset(of needle: [UInt8], from start: Int = 0) -> Int? {
        guard let first = needle.first, count >= needle.count else { return nil }
        var offset = start
        while offset <= count - needle.count {
            guard let candidate = self[offset...].firstIndex(of: first) else { return nil }
            guard candidate <= count - needle.count else { return nil }
            if self[candidate..<(candidate + needle.count)].elementsEqual(needle) { return candidate }
            offset = candidate + 1
        }
        return nil
    }
}

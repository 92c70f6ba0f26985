import Bytes

/// A route's path pattern, parsed: `/a/b`, `/a/{id}`, `/a/*`, `/*`.
///
/// Literals are kept in the normal form of request paths (RFC 3986 §6.2.2): escapes upper-cased, unreserved characters
/// never escaped, all else that a path cannot hold escaped. So `/café` is written as people write it.
struct PathPattern: Equatable {
    enum Segment: Equatable {
        case literal([UInt8])
        case parameter(String)
    }

    /// What is wrong with a pattern, in words for the operator.
    struct Problem: Error, Equatable {
        var message: String
        var hint: String?
    }

    /// Deeper patterns are refused: the look-up recurses once per segment.
    static let segmentCountMax = 64

    /// Whole segments, the slash before each not included; a trailing slash is an empty literal at the end.
    var segments: [Segment]
    /// Whether the pattern ends in `/*` and so matches whatever follows.
    var isPrefix: Bool

    init(parsing text: String) throws(Problem) {
        let bytes = Array(text.utf8)
        guard bytes.first == UInt8(ascii: "/") else {
            throw Problem(message: "path \"\(text)\" does not start with a slash", hint: "write \"/\(text)\"")
        }
        segments = []
        isPrefix = false
        let parts = bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count <= PathPattern.segmentCountMax else {
            throw Problem(
                message: "path has \(parts.count) segments, at most \(PathPattern.segmentCountMax) are allowed")
        }
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            if part.elementsEqual([UInt8(ascii: "*")]), isLast {
                isPrefix = true
            } else if part.isEmpty, !isLast {
                throw Problem(message: "path \"\(text)\" has an empty segment, which no request has", hint: nil)
            } else {
                segments.append(try PathPattern.segment(part, of: text))
            }
        }
        let names = parameterNames
        for (index, name) in names.enumerated() where names[..<index].contains(name) {
            throw Problem(message: "path \"\(text)\" has two parameters named \"\(name)\"")
        }
    }

    var parameterNames: [String] {
        segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
    }

    private static func segment(_ part: ArraySlice<UInt8>, of text: String) throws(Problem) -> Segment {
        let written = String(decoding: part, as: UTF8.self)
        if part.first == UInt8(ascii: "{"), part.last == UInt8(ascii: "}") {
            let name = part.dropFirst().dropLast()
            let isName = name.allSatisfy { ASCII.isAlpha($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }
            guard isName, let first = name.first, !ASCII.isDigit(first) else {
                throw Problem(
                    message: "\"\(written)\" is not a parameter",
                    hint: "names are letters, digits and _, and do not start with a digit")
            }
            return .parameter(String(decoding: name, as: UTF8.self))
        }
        for byte in part {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "}"):
                throw Problem(
                    message: "\"\(written)\" in path \"\(text)\": a parameter is a whole segment",
                    hint: "use path_regex for parts of a segment")
            case UInt8(ascii: "*"):
                throw Problem(
                    message: "\"\(written)\" in path \"\(text)\": * stands only as the whole last segment",
                    hint: "use {name} for one segment, path_regex for parts of one, %2A for the character")
            case UInt8(ascii: "?"), UInt8(ascii: "#"):
                throw Problem(
                    message: "path \"\(text)\" has a query or a fragment", hint: "put query conditions under `query`")
            default: break
            }
        }
        return .literal(try normalised(part, of: text))
    }

    private static func normalised(_ part: ArraySlice<UInt8>, of text: String) throws(Problem) -> [UInt8] {
        var out: [UInt8] = []
        var index = part.startIndex
        while index < part.endIndex {
            let byte = part[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < part.endIndex, let high = ASCII.hexValue(part[index + 1]),
                    let low = ASCII.hexValue(part[index + 2])
                else {
                    throw Problem(message: "path \"\(text)\" has a % without two hexadecimal digits", hint: "write %25")
                }
                let value = high << 4 | low
                if PathBytes.isForbiddenEscape(value) {
                    throw Problem(message: "path \"\(text)\" has an escape that no request is let through with")
                }
                PathBytes.append(decoded: value, to: &out)
                index += 3
            } else {
                guard byte != UInt8(ascii: "\\"), byte > 0x1F, byte != 0x7F else {
                    throw Problem(message: "path \"\(text)\" has a character that no request path can hold")
                }
                if PathBytes.isAllowed(byte) { out.append(byte) } else { PathBytes.append(decoded: byte, to: &out) }
                index += 1
            }
        }
        guard out != [UInt8(ascii: ".")], out != [UInt8(ascii: "."), UInt8(ascii: ".")] else {
            throw Problem(message: "path \"\(text)\" has a dot segment, which no normalised path has")
        }
        return out
    }
}

extension PathPattern {
    /// Where a path stops fitting: nil when it fits, else the number of leading segments that did.
    func mismatch(_ path: [UInt8]) -> Int? {
        guard path.first == UInt8(ascii: "/") else { return 0 }
        let parts = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            guard index < parts.count else { return index }
            switch segment {
            case .literal(let text): if !parts[index].elementsEqual(text) { return index }
            case .parameter: if parts[index].isEmpty { return index }
            }
        }
        return isPrefix || parts.count == segments.count ? nil : segments.count
    }
}

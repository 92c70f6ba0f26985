/// Checks of path patterns and of the templates that refer to their parameters; `Routing` compiles them.
enum PathPatternText {
    struct Shape: Equatable {
        var parameters: [String] = []
        /// Ends in `/*`.
        var isPrefix = false
    }

    /// What a pattern binds, or why it is none.
    static func shape(of pattern: String) -> Result<Shape, TextRefusal> {
        guard pattern.hasPrefix("/") else {
            return .failure(TextRefusal("does not start with a slash", echo: "write \(quoted("/" + pattern))"))
        }
        if let refusal = byteRefusal(pattern) { return .failure(refusal) }
        var shape = Shape()
        let segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case "" where isLast: break
            case "": return .failure(TextRefusal("has an empty segment", hint: "paths are matched without //"))
            case ".", "..": return .failure(TextRefusal("has a dot segment, which no request path keeps"))
            case "*" where isLast: shape.isPrefix = true
            default:
                if segment.contains("*") {
                    return .failure(
                        TextRefusal(
                            "has a * that is not the whole last segment",
                            hint: "write /a/* for a prefix, {name} for one segment, or use path_regex"))
                }
                if segment.contains("{") || segment.contains("}") {
                    switch parameter(segment) {
                    case .failure(let refusal): return .failure(refusal)
                    case .success(let name):
                        if shape.parameters.contains(name) {
                            return .failure(TextRefusal("has a parameter twice", detail: name))
                        }
                        shape.parameters.append(name)
                    }
                }
            }
        }
        return .success(shape)
    }

    /// Why no normalised request path could hold these bytes.
    static func byteRefusal(_ path: String) -> TextRefusal? {
        let bytes = Array(path.utf8)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case 0x3F, 0x23:
                return TextRefusal(
                    "holds a query or fragment", hint: "match the query with the route's query conditions")
            case 0x5C: return TextRefusal("holds a backslash, which is refused in request paths")
            case ...0x20, 0x7F...:
                return TextRefusal("holds a byte that request paths never hold", hint: "percent-encode it, such as %20")
            case 0x25:
                guard index + 2 < bytes.count, let high = hex(bytes[index + 1]), let low = hex(bytes[index + 2]) else {
                    return TextRefusal("holds an incomplete percent-encoding")
                }
                if high * 16 + low == 0x2F || high * 16 + low == 0 || high * 16 + low == 0x5C {
                    return TextRefusal("holds an encoded slash, backslash or NUL, which request paths never do")
                }
            default: break
            }
        }
        return nil
    }

    private static func hex(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x41 + 10
        case 0x61...0x66: Int(byte) - 0x61 + 10
        default: nil
        }
    }

    private static func parameter(_ segment: String) -> Result<String, TextRefusal> {
        guard segment.hasPrefix("{"), segment.hasSuffix("}") else {
            return .failure(
                TextRefusal("has a parameter that is not a whole segment", hint: "use path_regex to match parts"))
        }
        let name = String(segment.dropFirst().dropLast())
        guard isParameterName(name) else {
            return .failure(
                TextRefusal("has an invalid parameter name", detail: name, hint: "use letters, digits and _"))
        }
        return .success(name)
    }

    static func isParameterName(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 64, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
        }
    }

    /// The names between braces of a template, `*` included; nil where braces do not pair up.
    static func references(in template: String) -> [String]? {
        var names: [String] = []
        var open: [UInt8]?
        for byte in template.utf8 {
            switch (byte, open) {
            case (0x7B, nil): open = []
            case (0x7B, _), (0x7D, nil): return nil
            case (0x7D, let name?):
                names.append(String(decoding: name, as: UTF8.self))
                open = nil
            case (_, .some): open?.append(byte)
            default: break
            }
        }
        return open == nil ? names : nil
    }
}

extension ValueSchema where Value == String {
    static let pathPattern = text("path pattern", ["type": "string", "pattern": #"^/|\$\{"#])
        .checked { text, node, context in
            if case .failure(let refusal) = PathPatternText.shape(of: text) {
                refusal.report(.invalidPath, node, context)
                return nil
            }
            return text
        }

    /// A plain path in front of which nothing stands and after which a segment ends.
    static let pathPrefix = text("path", ["type": "string", "pattern": #"^/|\$\{"#])
        .checked { text, node, context in
            var refusal: TextRefusal?
            switch PathPatternText.shape(of: text) {
            case .failure(let reason): refusal = reason
            case .success(let shape):
                if shape.isPrefix || !shape.parameters.isEmpty {
                    refusal = TextRefusal("is not a plain path", hint: "write it without * and {name}")
                } else if text == "/" || text.hasSuffix("/") {
                    refusal = TextRefusal(
                        "ends with a slash, and whole segments are stripped",
                        hint: "write for example /api")
                }
            }
            guard let refusal else { return text }
            refusal.report(.invalidPath, node, context)
            return nil
        }

    /// A path with `{name}` and `{*}` anywhere in it; whether the route has them is checked with the route.
    static let pathTemplate = text("path template", ["type": "string", "pattern": #"^/|\$\{"#])
        .checked { text, node, context in
            var refusal: TextRefusal?
            if !text.hasPrefix("/") {
                refusal = TextRefusal("does not start with a slash", hint: nil)
            } else if let reason = PathPatternText.byteRefusal(text) {
                refusal = reason
            } else if PathPatternText.references(in: text) == nil {
                refusal = TextRefusal("has braces that do not pair up", hint: nil)
            }
            guard let refusal else { return text }
            refusal.report(.invalidPath, node, context)
            return nil
        }
}

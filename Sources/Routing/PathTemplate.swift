import Config

/// A text with `{name}` for the route's parameters and `{*}` for what its prefix left over, compiled to parts.
struct PathTemplate {
    enum Part: Equatable {
        case literal([UInt8])
        /// Index into `PathCaptures.parameters`.
        case parameter(Int)
        case rest
    }

    let parts: [Part]

    /// - Parameter names: the route's parameters, in the order of `PathCaptures.parameters`.
    init(parsing text: String, names: [String], hasRest: Bool) throws(PathPattern.Problem) {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "{") else {
                literal.append(byte)
                continue
            }
            guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
                throw PathPattern.Problem(message: "\"\(text)\" has a { without }")
            }
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = []
            let name = String(decoding: rest[..<end], as: UTF8.self)
            parts.append(try PathTemplate.part(name, names, hasRest))
            rest = rest[(end + 1)...]
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    static func part(_ name: String, _ names: [String], _ hasRest: Bool) throws(PathPattern.Problem) -> Part {
        if name == "*" {
            guard hasRest else {
                throw PathPattern.Problem(
                    message: "{*} stands for what a prefix leaves over, but the route's path does not end in /*")
            }
            return .rest
        }
        guard let index = names.firstIndex(of: name) else {
            throw PathPattern.Problem(
                message: "the route's path has no parameter {\(name)}",
                hint: names.isEmpty ? nil : "it has " + names.map { "{\($0)}" }.joined(separator: ", "))
        }
        return .parameter(index)
    }

    /// Appends the text for a request.
    func write(path: Span<UInt8>, captures: borrowing PathCaptures, into out: inout [UInt8]) {
        for index in parts.indices {
            switch parts[index] {
            case .literal(let text): out.append(contentsOf: text)
            case .parameter(let number): PathTemplate.append(path, captures.parameters[number], to: &out)
            case .rest:
                let isSlashLess = captures.rest.isEmpty && path.count > 1 && path[path.count - 1] != UInt8(ascii: "/")
                // `/a/*` fits `/a` too; then nothing was left over, not even the slash before it.
                if isSlashLess, out.count > 1, out[out.count - 1] == UInt8(ascii: "/") { out.removeLast() }
                PathTemplate.append(path, captures.rest, to: &out)
            }
        }
    }

    static func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]) {
        for index in range { out.append(bytes[index]) }
    }
}

extension RouteConfig {
    /// What templates of this route can refer to; nothing when the path is a regular expression or does not parse,
    /// which the route table reports.
    var templateNames: (names: [String], hasRest: Bool) {
        guard case .pattern(let text) = match.path, let pattern = try? PathPattern(parsing: text) else {
            return ([], false)
        }
        return (pattern.parameterNames, pattern.isPrefix)
    }
}

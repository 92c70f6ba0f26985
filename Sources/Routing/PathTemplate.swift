import Bytes
import Config

/// A text with `{name}` for the route's parameters, `{*}` for what its prefix left over, and where that is allowed
/// `{var:name}` for what filters have set, compiled to parts.
struct PathTemplate {
    enum Part: Equatable {
        case literal([UInt8])
        /// Index into `PathCaptures.parameters`.
        case parameter(Int)
        case rest
        case variable([UInt8])
    }

    let parts: [Part]

    /// - Parameter names: the route's parameters, in the order of `PathCaptures.parameters`.
    init(
        parsing text: String, names: [String], hasRest: Bool, hasVariables: Bool = false
    ) throws(PathPattern.Problem) {
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
            if hasVariables, name.hasPrefix("var:") {
                parts.append(try PathTemplate.variable(name))
            } else {
                parts.append(try PathTemplate.part(name, names, hasRest))
            }
            rest = rest[(end + 1)...]
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    private static func variable(_ reference: String) throws(PathPattern.Problem) -> Part {
        let name = Array(reference.utf8.dropFirst("var:".utf8.count))
        func isLetter(_ byte: UInt8) -> Bool { ASCII.isAlpha(byte) && byte >= 0x61 || byte == UInt8(ascii: "_") }
        let isName = name.first.map(isLetter) == true && name.count <= 64
        guard isName, name.allSatisfy({ isLetter($0) || ASCII.isDigit($0) }) else {
            throw PathPattern.Problem(message: "{\(reference)} names no variable", hint: "write {var:tenant}")
        }
        return .variable(name)
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

    /// Appends the text for a request; false when a variable that it needs is not set.
    func write(
        path: Span<UInt8>, captures: borrowing PathCaptures, variable: ([UInt8]) -> [UInt8]?, into out: inout [UInt8]
    ) -> Bool {
        for index in parts.indices {
            switch parts[index] {
            case .literal(let text): out.append(contentsOf: text)
            case .parameter(let number): PathTemplate.append(path, captures.parameters[number], to: &out)
            case .rest:
                let isSlashLess = captures.rest.isEmpty && path.count > 1 && path[path.count - 1] != UInt8(ascii: "/")
                // `/a/*` fits `/a` too; then nothing was left over, not even the slash before it.
                if isSlashLess, out.count > 1, out[out.count - 1] == UInt8(ascii: "/") { out.removeLast() }
                PathTemplate.append(path, captures.rest, to: &out)
            case .variable(let name):
                guard let value = variable(name), !value.isEmpty else { return false }
                // One segment, whatever is in it: an escaped slash is refused by the check that follows.
                for byte in value { PathBytes.append(decoded: byte, to: &out) }
            }
        }
        return true
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

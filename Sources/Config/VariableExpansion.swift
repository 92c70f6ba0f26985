/// Replaces `${NAME}`, `${NAME:-default}` and `${file:/path}` in the values of a tree; `$${` stands for `${`.
///
/// It runs on the parsed tree, so that no variable can add keys or values. Keys are left as they are.
package struct VariableExpansion {
    package enum FileText: Sendable {
        case text(String)
        /// Why there is no text, to follow the path in a message.
        case failure(String)
    }

    /// All expansions of one load together, in bytes.
    package static let bytesMax = 16 << 20

    private let environment: (String) -> String?
    private let readFile: (String) -> FileText
    private var files: [String: FileText] = [:]
    private var byteCount = 0

    package private(set) var diagnostics: [ConfigDiagnostic] = []
    /// The files that were read, in order and once each.
    package private(set) var filesRead: [String] = []

    package init(environment: @escaping (String) -> String?, readFile: @escaping (String) -> FileText) {
        self.environment = environment
        self.readFile = readFile
    }

    /// - Returns: the tree with every value expanded; one that cannot be is reported and becomes `.failed`.
    package mutating func expand(_ node: ConfigNode) -> ConfigNode {
        var expanded = node
        switch node.content {
        case .failed: break
        case .scalar(let scalar): expanded.content = expand(scalar, at: node.position)
        case .sequence(let nodes):
            var list: [ConfigNode] = []
            list.reserveCapacity(nodes.count)
            for item in nodes { list.append(expand(item)) }
            expanded.content = .sequence(list)
        case .mapping(let entries):
            var mapping = entries
            for index in mapping.indices { mapping[index].value = expand(mapping[index].value) }
            expanded.content = .mapping(mapping)
        }
        return expanded
    }

    private mutating func expand(_ scalar: ConfigNode.Scalar, at position: SourcePosition) -> ConfigNode.Content {
        guard scalar.text.utf8.contains(0x24), let pieces = Self.pieces(of: scalar.text) else {
            if scalar.text.utf8.contains(0x24) {
                report(
                    .unterminatedVariable, "\(scalar.quotation) has a ${ without its }", at: position,
                    hint: "write $${ for a literal ${")
                return .failed
            }
            return .scalar(scalar)
        }
        var text = ""
        var isExpanded = false
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += literal
            case .variable(let inner):
                guard let value = value(of: inner, at: position) else { return .failed }
                byteCount += value.utf8.count
                guard byteCount <= Self.bytesMax else {
                    report(.expansionTooLarge, "variables expand to more than 16 MiB in all", at: position)
                    return .failed
                }
                text += value
                isExpanded = true
            }
        }
        guard isExpanded else { return .scalar(ConfigNode.Scalar(text, style: scalar.style)) }
        return .scalar(ConfigNode.Scalar(text, style: .expanded, written: scalar.text))
    }

    private mutating func value(of inner: String, at position: SourcePosition) -> String? {
        if inner.hasPrefix("file:") { return contents(ofFile: String(inner.dropFirst(5)), at: position) }
        var name = inner
        var fallback: String?
        if let (head, tail) = inner.splitOnce(":-") { (name, fallback) = (head, tail) }
        guard PathPatternText.isParameterName(name), fallback?.splitOnce("${") == nil else {
            report(
                .invalidVariable,
                fallback?.splitOnce("${") != nil
                    ? "${\(name):-…} has a variable inside of its default" : "\(quoted(name)) is not a variable name",
                at: position, hint: "write ${NAME}, ${NAME:-default} or ${file:/path}, and $${ for a literal ${")
            return nil
        }
        let found = environment(name)
        if let fallback, found?.isEmpty ?? true { return fallback }
        if let found { return found }
        report(
            .missingVariable, "the environment variable \(name) is not set", at: position,
            hint: "set it, or give a default: ${\(name):-value}")
        return nil
    }

    private mutating func contents(ofFile path: String, at position: SourcePosition) -> String? {
        guard path.hasPrefix("/") else {
            report(.invalidVariable, "${file:…} needs an absolute path, not \(quoted(path))", at: position)
            return nil
        }
        let file: FileText
        if let known = files[path] {
            file = known
        } else {
            file = readFile(path)
            files[path] = file
            filesRead.append(path)
        }
        switch file {
        case .failure(let reason):
            report(.secretUnreadable, "\(path) \(reason)", at: position)
            return nil
        case .text(let text):
            // One line end, as `echo secret > file` leaves it, is not part of a secret.
            if text.utf8.last == 0x0A {
                let cut = text.utf8.dropLast()
                return String(decoding: cut.last == 0x0D ? cut.dropLast() : cut, as: UTF8.self)
            }
            return text
        }
    }

    private mutating func report(
        _ code: DiagnosticCode, _ message: String, at position: SourcePosition, hint: String? = nil
    ) {
        guard diagnostics.count < DecodingContext.errorsMax else { return }
        diagnostics.append(ConfigDiagnostic(code, message, at: position, hint: hint))
    }

    // MARK: - Syntax

    enum Piece: Equatable {
        case literal(String)
        /// What stands between `${` and `}`.
        case variable(String)
    }

    /// nil where a `${` is not closed.
    static func pieces(of text: String) -> [Piece]? {
        let bytes = Array(text.utf8)
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == 0x24, index + 1 < bytes.count else {
                literal.append(bytes[index])
                index += 1
                continue
            }
            if bytes[index + 1] == 0x24, index + 2 < bytes.count, bytes[index + 2] == 0x7B {
                literal += [0x24, 0x7B]
                index += 3
            } else if bytes[index + 1] == 0x7B {
                guard let close = bytes[(index + 2)...].firstIndex(of: 0x7D) else { return nil }
                if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
                literal = []
                pieces.append(.variable(String(decoding: bytes[(index + 2)..<close], as: UTF8.self)))
                index = close + 1
            } else {
                literal.append(0x24)
                index += 1
            }
        }
        if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
        return pieces
    }
}

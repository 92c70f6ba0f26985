/// What one decoding run collects: diagnostics with the path they belong to, names, and references to check at the end.
///
/// A class, since every schema closure adds to the same run; it never leaves the thread that decodes.
final class DecodingContext {
    /// More would only bury the first cause.
    static let errorsMax = 200

    enum NameKind: String, Hashable { case listener, route, upstream, middleware, store, test }

    /// A place that names something which may be defined further down, or in another file.
    struct Reference {
        var name: String
        /// As diagnostics may print it.
        var shown: String
        var position: SourcePosition
        var path: String
    }

    private enum Step { case key(String), index(Int) }

    private(set) var diagnostics: [ConfigDiagnostic] = []
    private(set) var errorCount = 0
    private var path: [Step] = []
    private var names: [NameKind: [String: SourcePosition]] = [:]

    var upstreamReferences: [Reference] = []
    var middlewareReferences: [Reference] = []

    func report(
        _ code: DiagnosticCode, _ message: String, at position: SourcePosition, hint: String? = nil,
        path explicitPath: String? = nil
    ) {
        if code.severity == .error {
            errorCount += 1
            if errorCount > Self.errorsMax { return }
        }
        diagnostics.append(
            ConfigDiagnostic(code, message, at: position, path: explicitPath ?? pathText, hint: hint))
    }

    func inKey<Result>(_ key: String, _ body: () -> Result) -> Result {
        path.append(.key(key))
        defer { path.removeLast() }
        return body()
    }

    func atIndex<Result>(_ index: Int, _ body: () -> Result) -> Result {
        path.append(.index(index))
        defer { path.removeLast() }
        return body()
    }

    /// `routes[2].rewrite.path`; keys that are no plain words are quoted: `upstreams["a b"].targets`.
    var pathText: String {
        var text = ""
        for step in path {
            switch step {
            case .index(let index): text += "[\(index)]"
            case .key(let key):
                if key.utf8.allSatisfy(Character.isPathWord), !key.isEmpty {
                    text += text.isEmpty ? key : "." + key
                } else {
                    text += "[" + quoted(key) + "]"
                }
            }
        }
        return text
    }

    /// Registers a definition; a second one of the same name is an error that points at the first.
    func define(_ kind: NameKind, _ name: String, at position: SourcePosition) {
        if let first = names[kind, default: [:]][name] {
            report(
                .duplicateName, "\(kind.rawValue) \(quoted(name)) is already defined at \(first)", at: position)
        } else {
            names[kind, default: [:]][name] = position
        }
    }

    func definedNames(_ kind: NameKind) -> [String: SourcePosition] { names[kind, default: [:]] }

    /// Ends the run: sorted by file and place, with a last word where errors were left out.
    func finish() -> [ConfigDiagnostic] {
        var all = diagnostics
        if errorCount > Self.errorsMax, let last = all.last(where: { $0.severity == .error }) {
            all.append(
                ConfigDiagnostic(
                    .tooManyErrors, "\(errorCount - Self.errorsMax) more errors are not shown", at: last.position))
        }
        return all
    }
}

extension Character {
    static func isPathWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
        default: false
        }
    }
}

import GatewayTesting

/// A Swift file with its comments and the text of its string literals blanked, so that laws look at code only.
struct SourceFile: Sendable {
    var path: String
    var lines: [Substring]
    /// The same lines, blanked; columns stay what they are.
    var code: [Substring]

    /// `HTTP` of `Sources/HTTP/Target.swift`.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }
    var name: String { String(path.split(separator: "/").last ?? "") }
    /// `RouteTable` of `RouteTable+Config.swift`.
    var typeName: String { String(name.dropLast(6).prefix { $0 != "+" }) }

    init(_ path: String) throws {
        self.path = path
        let text = try RepositoryFiles.text(path)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        code = Blanking.blank(text).split(separator: "\n", omittingEmptySubsequences: false)
    }

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        code = Blanking.blank(text).split(separator: "\n", omittingEmptySubsequences: false)
    }

    static func all(_ directory: String) throws -> [SourceFile] {
        try RepositoryFiles.list(directory, suffix: ".swift").filter { !$0.contains("/.build/") }.map(SourceFile.init)
    }

    static let sources = Result { try all("Sources") }
    static let tests = Result { try all("Tests") }
    /// Nested packages, held to the same sizes.
    static let others = Result { try all("fuzz") + all("bench") }

    /// `path:line` of each blanked line for which `isBad` holds.
    func places(where isBad: (Substring) -> Bool) -> [String] {
        code.enumerated().filter { isBad($0.element) }.map { "\(path):\($0.offset + 1)" }
    }
}

extension Substring {
    /// Whether `word` stands in it as a whole identifier.
    func hasWord(_ word: String) -> Bool { words.contains { $0 == word } }

    /// Identifiers and keywords in order.
    var words: [Substring] {
        split { !($0.isLetter || $0.isNumber || $0 == "_") }
    }
}

/// Replaces comments and the text of string literals by spaces; interpolated code goes with the text.
enum Blanking {
    private enum State { case code, line, block(depth: Int), string, multiline }

    static func blank(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var state = State.code
        var index = 0
        func starts(_ token: StaticString) -> Bool {
            let count = token.utf8CodeUnitCount
            guard index + count <= bytes.count else { return false }
            return "\(token)".utf8.elementsEqual(bytes[index..<(index + count)])
        }
        func keep(_ count: Int) { for _ in 0..<count { out.append(bytes[index]); index += 1 } }
        func hide(_ count: Int) {
            for _ in 0..<min(count, bytes.count - index) {
                out.append(bytes[index] == 0x0A ? 0x0A : 0x20)
                index += 1
            }
        }
        while index < bytes.count {
            switch state {
            case .code:
                if starts("//") {
                    state = .line; hide(2)
                } else if starts("/*") {
                    state = .block(depth: 1); hide(2)
                } else if starts("\"\"\"") {
                    state = .multiline; keep(3)
                } else if starts("\"") {
                    state = .string; keep(1)
                } else {
                    keep(1)
                }
            case .line:
                if bytes[index] == 0x0A { state = .code }
                hide(1)
            case .block(let depth):
                if starts("/*") {
                    state = .block(depth: depth + 1); hide(2)
                } else if starts("*/") {
                    state = depth == 1 ? .code : .block(depth: depth - 1); hide(2)
                } else {
                    hide(1)
                }
            case .string:
                if starts("\\") {
                    hide(2)
                } else if starts("\"") || bytes[index] == 0x0A {
                    state = .code; keep(1)
                } else {
                    hide(1)
                }
            case .multiline:
                if starts("\\") { hide(2) } else if starts("\"\"\"") { state = .code; keep(3) } else { hide(1) }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

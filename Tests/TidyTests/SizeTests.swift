import GatewayTesting
import Testing

/// How large things may grow. A longer one needs a line in an allow-list, so that growth is a decision.
@Suite("tidy: sizes") struct SizeTests {
    static let fileLinesMax = 400
    static let testFileLinesMax = 600
    static let functionLinesMax = 70
    static let columnsMax = 120

    /// Files that may be longer, each with its reason.
    static let longFiles: [String: String] = [:]
    /// Functions that may be longer, as `path:name`, each with its reason.
    static let longFunctions: [String: String] = [:]

    private func everything() throws -> [SourceFile] {
        try SourceFile.sources.get() + SourceFile.tests.get() + SourceFile.others.get()
    }

    @Test func files() throws {
        for file in try everything() where Self.longFiles[file.path] == nil {
            let limit = file.path.hasPrefix("Tests/") ? Self.testFileLinesMax : Self.fileLinesMax
            // A final line end leaves one empty piece behind it.
            let count = file.lines.last?.isEmpty == true ? file.lines.count - 1 : file.lines.count
            #expect(count <= limit, "\(file.path) has \(count) lines, \(limit) are allowed: split it by concept")
        }
    }

    @Test func columns() throws {
        for file in try everything() {
            let places = file.lines.enumerated().filter { $0.element.count > Self.columnsMax }
                .map { "\(file.path):\($0.offset + 1)" }
            #expect(places.isEmpty, "\(places): longer than \(Self.columnsMax) columns")
        }
    }

    @Test func functions() throws {
        for file in try everything() {
            for function in Self.functions(in: file) where function.lineCount > Self.functionLinesMax {
                let key = "\(file.path):\(function.name)"
                #expect(
                    Self.longFunctions[key] != nil,
                    """
                    \(file.path):\(function.line): \(function.name) has \(function.lineCount) lines, \
                    \(Self.functionLinesMax) are allowed: take a step out of it
                    """)
            }
        }
    }

    @Test func cFunctionsAndLines() throws {
        for directory in ["Sources/CLuaShim", "Sources/CLinux", "Sources/CHeaderTable", "Sources/CTLS"] {
            for path in RepositoryFiles.list(directory, suffix: ".c") + RepositoryFiles.list(directory, suffix: ".h") {
                let lines = try RepositoryFiles.text(path).split(separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.count <= Self.fileLinesMax + 1, "\(path) is too long: split it by concept")
                #expect(lines.allSatisfy { $0.count <= Self.columnsMax }, "\(path): a line is too long")
            }
        }
    }

    struct Function {
        var name: String
        var line: Int
        var lineCount: Int
    }

    /// Functions, initialisers and accessors' owners with a body, found by their keyword and matching braces.
    static func functions(in file: SourceFile) -> [Function] {
        var found: [Function] = []
        for (index, line) in file.code.enumerated() {
            let words = line.words
            guard let keyword = words.firstIndex(where: { ["func", "init", "deinit", "subscript"].contains($0) }),
                words[..<keyword].allSatisfy({ modifiers.contains(String($0)) })
            else { continue }
            let name = words[keyword] == "func" && keyword + 1 < words.count ? words[keyword + 1] : words[keyword]
            if let end = bodyEnd(file.code, from: index) {
                found.append(Function(name: String(name), line: index + 1, lineCount: end - index + 1))
            }
        }
        return found
    }

    private static let modifiers: Set = [
        "package", "private", "internal", "fileprivate", "static", "class", "final", "mutating", "nonmutating",
        "borrowing", "consuming", "override", "convenience", "required", "inlinable", "usableFromInline", "inline",
        "always", "never", "discardableResult", "unsafe", "nonisolated", "Test", "_lifetime", "borrow", "self",
        "arguments", "available", "safe",
    ]

    private static func bodyEnd(_ code: [Substring], from start: Int) -> Int? {
        var depth = 0
        var hasBody = false
        for index in start..<code.count {
            for character in code[index] {
                if character == "{" { depth += 1; hasBody = true }
                if character == "}" { depth -= 1 }
                if hasBody, depth == 0 { return index }
                // A requirement of a protocol: its block ends before a body begins.
                if !hasBody, depth < 0 { return nil }
            }
            if !hasBody, index > start + 12 { return nil }
        }
        return nil
    }

    @Test func measuresFunctions() {
        let text = "struct S {\n    func a(\n        _ b: Int\n    ) {\n        if b { }\n    }\n    init() { }\n}\n"
        let functions = Self.functions(in: SourceFile(path: "Sources/X/S.swift", text: text))
        #expect(functions.map(\.name) == ["a", "init"])
        #expect(functions.map(\.lineCount) == [5, 1])
    }
}

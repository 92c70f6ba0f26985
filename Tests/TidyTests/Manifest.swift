import GatewayTesting

/// The targets of `Package.swift` in their order, each with the targets and products it declares to need.
struct Manifest: Sendable {
    struct Target: Sendable {
        var name: String
        var dependencies: Set<String>
        var isTest: Bool
    }

    var targets: [Target] = []

    static let current = Result { try Manifest(parsing: RepositoryFiles.text("Package.swift")) }

    /// Reads `layer("X", ["A", …])`, `.target(name: "X", dependencies: …)` and the like; nothing is evaluated.
    init(parsing text: String) throws {
        guard let start = text.range(of: "targets: [\n") else { throw TestingFailure("Package.swift has no targets") }
        var rest = text[start.upperBound...]
        while let open = rest.firstIndex(of: "(") {
            let kind = rest[..<open].words.last.map(String.init) ?? ""
            let close = Self.end(of: rest[open...])
            let body = rest[open..<close]
            rest = rest[close...]
            if let target = Self.target(kind: kind, body: body) { targets.append(target) }
        }
        guard targets.count > 10 else { throw TestingFailure("Package.swift is not laid out as expected") }
    }

    private static func end(of text: Substring) -> Substring.Index {
        var depth = 0
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return index }
        }
        return text.endIndex
    }

    private static func target(kind: String, body: Substring) -> Target? {
        let kinds = ["layer", "target", "systemLibrary", "executableTarget", "tests", "testTarget"]
        guard kinds.contains(kind) else { return nil }
        let strings = body.split(separator: "\"", omittingEmptySubsequences: false)
            .enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
        guard let name = strings.first else { return nil }
        let isTest = kind == "tests" || kind == "testTarget"
        return Target(
            name: kind == "tests" ? name + "Tests" : name, dependencies: Set(strings.dropFirst()), isTest: isTest)
    }

    func dependencies(of name: String) -> Set<String> {
        targets.first { $0.name == name }?.dependencies ?? []
    }
}

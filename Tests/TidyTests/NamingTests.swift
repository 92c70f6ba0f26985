import GatewayTesting
import Testing

/// Names that say nothing, text that has no place, and files that are not what they are called.
@Suite("tidy: names and text") struct NamingTests {
    static let bannedNames: Set = [
        "Util", "Utils", "Helper", "Helpers", "Manager", "Common", "Misc", "Base", "Core", "Impl",
    ]
    /// Terms of the field that hold such a word.
    static let termsOfTheField: Set = ["greatestCommonDivisor"]

    /// Files without a type of their name, each with its reason.
    static let filesWithoutType: [String: String] = [
        "Sources/Gateway/Main.swift": "holds @main",
        "Sources/DataPlane/ErrorResponse.swift": "the one table from failures to answers",
        "Sources/DataPlane/Streams.swift": "both sides of an exchange, each with its receiver",
        "Sources/HTTP/HeaderField+Ranges.swift": "HeaderField is the Swift name of a C struct",
        "Sources/Routing/RouteTable+Config.swift": "the one file that sees both sides: what was written and the table",
        "Sources/Routing/RouteListing.swift": "the rows of `gateway routes`",
    ]

    /// `["Route", "Table"]` of `RouteTable`.
    static func camelWords(_ name: Substring) -> [String] {
        var words: [String] = []
        for character in name {
            if character.isUppercase || words.isEmpty || character == "_" { words.append("") }
            words[words.count - 1].append(character)
        }
        return words
    }

    private func declaredNames(in line: Substring) -> [Substring] {
        let words = line.words
        let keywords: Set = ["struct", "class", "enum", "protocol", "actor", "typealias", "func", "case", "let", "var"]
        return words.indices.dropLast().filter { keywords.contains(String(words[$0])) }.map { words[$0 + 1] }
    }

    @Test func namesSayWhatAThingIs() throws {
        for file in try SourceFile.sources.get() + SourceFile.tests.get() {
            let inName = Self.camelWords(Substring(file.typeName)).filter(Self.bannedNames.contains)
            #expect(inName.isEmpty, "\(file.path): name the file after what it holds, not \(inName)")
            let places = file.places { line in
                declaredNames(in: line).contains { name in
                    !Self.termsOfTheField.contains { name.hasPrefix($0) }
                        && Self.camelWords(name).contains { Self.bannedNames.contains($0) }
                }
            }
            #expect(places.isEmpty, "\(places): say what it is; \(Self.bannedNames.sorted()) say nothing")
        }
    }

    @Test func filesAreNamedAfterTheirType() throws {
        let keywords: Set = ["struct", "class", "enum", "protocol", "actor", "typealias", "extension", "func"]
        for file in try SourceFile.sources.get() where Self.filesWithoutType[file.path] == nil {
            let isTopic = file.name.contains("+")
            let isFound = file.code.contains { line in
                if isTopic { return line.hasWord(file.typeName) }
                let words = line.words
                return words.indices.dropLast().contains { index in
                    keywords.contains(String(words[index]))
                        && words[index + 1].lowercased() == file.typeName.lowercased()
                }
            }
            #expect(
                isFound, "\(file.path): no \(file.typeName) in it; name it after its main type, or `Type+Topic.swift`")
        }
    }

    static let bannedText: [(text: String, reason: String)] = [
        ("try!", "handle the error, or make it impossible"),
        ("as!", "use `as?` and say what happens otherwise"),
        ("fatalError(", "`preconditionFailure` naming the invariant for our own bugs, an error for everything else"),
    ]

    @Test func bannedTextIsAbsent() throws {
        for file in try SourceFile.sources.get() + SourceFile.tests.get() {
            for (text, reason) in Self.bannedText {
                let places = file.places { $0.contains(text) }
                #expect(places.isEmpty, "\(places): \(text) is banned: \(reason)")
            }
        }
    }

    @Test func nothingIsLeftForLater() throws {
        // Written apart, so that this file passes.
        let marks = ["FIX" + "ME", "TO" + "DO", "X" + "XX"]
        let paths = RepositoryFiles.list("Sources", suffix: ".c") + RepositoryFiles.list("Sources", suffix: ".h")
        let files =
            try SourceFile.sources.get() + SourceFile.tests.get() + SourceFile.others.get()
            + paths.map { SourceFile(path: $0, text: try RepositoryFiles.text($0)) }
        for file in files {
            let places = file.lines.enumerated()
                .filter { line in marks.contains { line.element.hasWord($0) } }
                .map { "\(file.path):\($0.offset + 1)" }
            #expect(places.isEmpty, "\(places): do it, or open an issue and name it")
        }
    }

    @Test func noForcedUnwrapBelowTheControlPlane() throws {
        for file in try SourceFile.sources.get() where LayerTests.dataPlane.contains(file.target) {
            let places = file.places(where: Self.hasForcedUnwrap)
            #expect(places.isEmpty, "\(places): unwrap with `guard let`, or `preconditionFailure` naming the invariant")
        }
    }

    /// An exclamation mark behind an operand and not part of `!=`.
    static func hasForcedUnwrap(_ line: Substring) -> Bool {
        var previous: Character = " "
        var rest = line
        while let character = rest.popFirst() {
            let isBehindOperand = previous.isLetter || previous.isNumber || ")]}_".contains(previous)
            if character == "!", isBehindOperand, rest.first != "=" { return true }
            previous = character
        }
        return false
    }

    @Test(arguments: [
        ("a!", true), ("f()!.b", true), ("a != b", false), ("!a", false), ("x[0]!", true), ("if !a {", false),
        ("let a: Int!", true),
    ])
    func findsForcedUnwraps(_ line: String, _ isOne: Bool) {
        #expect(Self.hasForcedUnwrap(Substring(line)) == isOne)
    }
}

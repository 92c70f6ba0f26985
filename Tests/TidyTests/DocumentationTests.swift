import GatewayTesting
import Testing

/// What the front pages claim about the repository is true.
@Suite("tidy: front pages") struct DocumentationTests {
    /// Cells of the first two columns of the table under "Follow one request".
    private func walk() throws -> [(step: String, files: String)] {
        let lines = try RepositoryFiles.text("README.md").split(separator: "\n", omittingEmptySubsequences: false)
        guard let heading = lines.firstIndex(where: { $0.hasPrefix("#") && $0.contains("Follow one request") }) else {
            throw TestingFailure("README.md: no heading \"Follow one request\"")
        }
        let rows = lines[heading...].drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.dropFirst(2)
        return rows.compactMap { row in
            let cells = row.split(separator: "|", omittingEmptySubsequences: false)
            return cells.count > 2 ? (String(cells[1]), String(cells[2])) : nil
        }
    }

    @Test func walkThroughNamesFilesThatExist() throws {
        let rows = try walk()
        #expect(rows.count >= 8, "README.md: the table under \"Follow one request\" has only \(rows.count) rows")
        for (step, cell) in rows {
            let names = cell.split(separator: "`", omittingEmptySubsequences: false)
                .enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
            #expect(!names.isEmpty, "README.md: step \(step) names no file")
            for name in names {
                let exists = exists(name)
                #expect(exists, "README.md: step \(step) names `\(name)`, but there is no Sources/\(name).swift")
            }
        }
    }

    /// `HTTP/RequestParser` is a file or folder under `Sources`; a bare `BodyFraming` is a file somewhere below it.
    private func exists(_ name: String) -> Bool {
        let path = "Sources/" + name
        if name.contains("/") {
            return [path, path + ".swift"].contains(where: RepositoryFiles.exists)
        }
        let files = RepositoryFiles.list("Sources", suffix: "/\(name).swift")
        return !files.isEmpty || RepositoryFiles.exists(path)
    }

    @Test(arguments: [
        "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "Makefile", ".ci/run", "gateway.yaml",
    ])
    func exists(at path: String) {
        #expect(RepositoryFiles.exists(path), "\(path) is missing")
    }

    /// Every relative link of the Markdown pages leads somewhere.
    @Test func linksLeadSomewhere() throws {
        let pages =
            ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].filter(RepositoryFiles.exists)
            + RepositoryFiles.list("docs", suffix: ".md")
        for page in pages {
            let folder = page.split(separator: "/").dropLast().joined(separator: "/")
            for link in try links(in: RepositoryFiles.text(page)) where isRelative(link) {
                let target = String(link.prefix { $0 != "#" })
                let path = resolve(target, from: folder)
                #expect(RepositoryFiles.exists(path), "\(page) links to \(link), which is not there")
            }
        }
    }

    private func links(in text: String) -> [String] {
        text.components(separatedBy: "](").dropFirst().map { rest in
            String(rest.prefix { $0 != ")" && $0 != " " && $0 != "\n" })
        }
    }

    private func isRelative(_ link: String) -> Bool {
        !link.isEmpty && !link.hasPrefix("#") && !link.contains(":") && !link.hasPrefix("/")
    }

    private func resolve(_ link: String, from folder: String) -> String {
        var parts = folder.split(separator: "/").map(String.init)
        for part in link.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    /// Words in the name of a test file that has no one subject: it checks a whole target in that manner.
    static let manners: Set = [
        "Golden", "Mutation", "Documentation", "Invariance", "Reference", "Fuzz", "Corpus", "Simulation",
    ]

    /// Each test file is called after the type, or the file, that it tests.
    @Test func testsMirrorSources() throws {
        // Their subject is the whole program.
        let wholes: Set = ["EndToEndTests", "TidyTests", "GatewayTesting", "SimulationTests"]
        let sources = try SourceFile.sources.get()
        for file in try SourceFile.tests.get() where !wholes.contains(file.target) {
            guard file.name.hasSuffix("Tests.swift") else { continue }
            let words = NamingTests.camelWords(file.name.dropLast("Tests.swift".count).prefix { $0 != "+" })
            guard Self.manners.isDisjoint(with: words) else { continue }
            let subjects = Set((1...max(words.count, 1)).map { words.prefix($0).joined() })
            let target = file.target.dropLast("Tests".count)
            let isKnown = sources.filter { $0.target == target }.contains { source in
                subjects.contains(source.typeName) || source.code.contains { declares($0, oneOf: subjects) }
            }
            #expect(isKnown, "\(file.path): name it after a type or file under Sources/\(target)")
        }
    }

    private func declares(_ line: Substring, oneOf names: Set<String>) -> Bool {
        let words = line.words
        return words.indices.dropLast().contains { index in
            ["struct", "class", "enum", "protocol"].contains(words[index]) && names.contains(String(words[index + 1]))
        }
    }
}

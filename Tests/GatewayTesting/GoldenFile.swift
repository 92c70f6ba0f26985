import Foundation

/// A case in one file: the input, a line `----------`, and the output that is expected of it.
///
/// `GOLDEN_UPDATE=1` in the environment rewrites the expected part instead of comparing; the diff is then reviewed.
package struct GoldenFile: Sendable, CustomStringConvertible {
    package struct Mismatch: Error, CustomStringConvertible {
        package var description: String
    }

    package static let separator = "----------"
    package static var isUpdating: Bool { ProcessInfo.processInfo.environment["GOLDEN_UPDATE"] == "1" }

    package let path: String
    package let input: String
    package let expected: String

    /// The file's name: what a failing test shows.
    package var description: String { (path as NSString).lastPathComponent }

    package init(path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        self.path = path
        guard let separator = text.range(of: "\n\(Self.separator)\n") else {
            input = text.hasSuffix("\n") ? text : text + "\n"
            expected = ""
            return
        }
        input = String(text[..<separator.lowerBound]) + "\n"
        expected = String(text[separator.upperBound...])
    }

    /// Every file in `directory` whose name ends with `suffix`, in name order.
    package static func all(in directory: String, suffix: String) throws -> [GoldenFile] {
        try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasSuffix(suffix) }
            .sorted()
            .map { try GoldenFile(path: directory + "/" + $0) }
    }

    /// Compares `actual` with the expected part, or writes it there.
    package func expect(_ actual: String) throws {
        let actual = actual.isEmpty || actual.hasSuffix("\n") ? actual : actual + "\n"
        if Self.isUpdating {
            if actual == expected { return }
            try (input + Self.separator + "\n" + actual).write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        guard actual != expected else { return }
        throw Mismatch(description: Self.difference(expected: expected, actual: actual, file: description))
    }

    /// Compares a generated document with the committed one, or writes that.
    package static func expect(_ actual: String, at path: String) throws {
        let committed = try? String(contentsOfFile: path, encoding: .utf8)
        if committed == actual { return }
        if isUpdating {
            try actual.write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        throw Mismatch(description: difference(expected: committed ?? "", actual: actual, file: path))
    }

    private static func difference(expected: String, actual: String, file: String) -> String {
        let expectedLines = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let actualLines = actual.split(separator: "\n", omittingEmptySubsequences: false)
        let index = zip(expectedLines, actualLines).enumerated().first { $1.0 != $1.1 }?.offset
        let line = index ?? min(expectedLines.count, actualLines.count)
        return """
            \(file): the output differs from line \(line + 1) on; GOLDEN_UPDATE=1 accepts it
            expected:
            \(expectedLines.dropFirst(line).prefix(12).joined(separator: "\n"))
            actual:
            \(actualLines.dropFirst(line).prefix(12).joined(separator: "\n"))
            """
    }
}

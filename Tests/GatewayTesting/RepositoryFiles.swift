import Foundation

/// The files of this repository, found from where this file was compiled.
package enum RepositoryFiles {
    /// The directory of `Package.swift`.
    package static let root: String = {
        var url = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.path
    }()

    package static func text(_ path: String) throws -> String {
        try String(contentsOfFile: root + "/" + path, encoding: .utf8)
    }

    package static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + "/" + path) }

    /// Paths relative to the root of every regular file under `directory` whose name ends so, sorted.
    package static func list(_ directory: String, suffix: String) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: root + "/" + directory) else { return [] }
        var paths: [String] = []
        for case let path as String in walk where path.hasSuffix(suffix) { paths.append(directory + "/" + path) }
        return paths.sorted()
    }
}

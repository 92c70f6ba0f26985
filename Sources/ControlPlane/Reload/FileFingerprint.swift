import EventLoop

/// What stood behind a set of paths at one moment, told from other states without reading a file.
package struct FileFingerprint: Equatable, Sendable {
    /// What one path led to, at the end of all symbolic links.
    enum Entry: Equatable, Sendable {
        /// Nothing, or nothing that this process may see.
        case absent
        case file(path: String, FileStatus)
        /// Only the names that a configuration is read from, each with what is there: other files may come and go.
        indirect case directory(path: String, [String: Entry])
    }

    var entries: [String: Entry] = [:]

    init() {}

    /// The present state.
    package init(of paths: [String]) {
        self = FileTrace(of: paths).fingerprint
    }

    /// The same paths, each as it was `earlier` where that is known.
    func asOf(_ earlier: FileFingerprint) -> FileFingerprint {
        var result = self
        for path in entries.keys {
            if let entry = earlier.entries[path] { result.entries[path] = entry }
        }
        return result
    }
}

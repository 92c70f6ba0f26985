/// Everything that a configuration was read from, so that it can be read again when all of that has changed: a small
/// part of what the decoded configuration takes.
package struct ConfigText: Sendable, Equatable {
    package struct File: Sendable, Equatable {
        var path: String
        var text: String
    }

    var files: [File] = []
    /// Variables that were asked for; nil where there was none.
    var variables: [String: String?] = [:]
    /// Mounted files that were asked for, by path; nil where they could not be read.
    var secrets: [String: String?] = [:]
    /// Files of scripts, in the same way.
    var scripts: [String: String?] = [:]

    package init() {}
}

/// Where in which file something was written. Lines and columns count from 1.
package struct SourcePosition: Sendable, Equatable, Hashable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// Of values that no file holds: defaults, and what tests build.
    package static let unknown = SourcePosition(file: "", line: 0, column: 0)

    package var description: String { line == 0 ? "built-in" : "\(file):\(line):\(column)" }
}

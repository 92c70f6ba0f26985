/// One thing that is wrong, or looks wrong, in a configuration.
///
/// Prints as `file:line:column: error[code]: message`, then the key's path and the hint on lines of their own.
package struct ConfigDiagnostic: Sendable, Equatable, CustomStringConvertible {
    package enum Severity: String, Sendable { case error, warning }

    package var severity: Severity
    /// A stable kebab-case word that documentation and scripts may rely on, such as `unknown-key`.
    package var code: String
    package var message: String
    package var position: SourcePosition
    /// The offending key's path, such as `routes[2].rewrite.path`; empty for the whole file.
    package var path: String
    package var hint: String?

    package init(
        _ severity: Severity, code: String, _ message: String, at position: SourcePosition, path: String = "",
        hint: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.position = position
        self.path = path
        self.hint = hint
    }

    package var description: String {
        var text = "\(position): \(severity.rawValue)[\(code)]: \(message)"
        if !path.isEmpty { text += "\n  at: \(path)" }
        if let hint { text += "\n  hint: \(hint)" }
        return text
    }
}

/// Everything that was found wrong, thrown at once so that an operator mends a file in one go.
package struct ConfigFailure: Error, Sendable, CustomStringConvertible {
    package var diagnostics: [ConfigDiagnostic]

    package init(_ diagnostics: [ConfigDiagnostic]) {
        self.diagnostics = diagnostics
    }

    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

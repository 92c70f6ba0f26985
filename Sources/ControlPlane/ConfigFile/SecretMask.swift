package import Config
import Foundation

/// Puts the names of variables and mounted files in the place of what they brought into a configuration, wherever
/// compiled values are shown to people: what is compiled no longer knows where its parts came from.
package struct SecretMask: Sendable {
    private struct Secret: Sendable {
        var value: String
        var shown: String
    }

    /// The longest first, so that one that holds another goes whole.
    private let secrets: [Secret]
    /// A shorter text would be found everywhere, and is no secret.
    private static let countMin = 4

    package init(_ text: ConfigText) {
        var secrets: [Secret] = []
        for (name, value) in text.variables {
            if let value { secrets.append(Secret(value: value, shown: "${\(name)}")) }
        }
        for (path, content) in text.secrets {
            guard let content else { continue }
            let value = content.trimmingCharacters(in: .whitespacesAndNewlines)
            secrets.append(Secret(value: value, shown: "${file:\(path)}"))
        }
        self.secrets = secrets.filter { $0.value.count >= Self.countMin }.sorted {
            ($1.value.count, $0.shown) < ($0.value.count, $1.shown)
        }
    }

    /// Nothing is to be hidden.
    var isEmpty: Bool { secrets.isEmpty }

    package func masked(_ text: String) -> String {
        var result = text
        for secret in secrets where result.contains(secret.value) {
            result = result.replacing(secret.value, with: secret.shown)
        }
        return result
    }

    package func masked(_ failure: ConfigFailure) -> ConfigFailure { ConfigFailure(failure.diagnostics.map(masked)) }

    package func masked(_ diagnostic: ConfigDiagnostic) -> ConfigDiagnostic {
        var masked = diagnostic
        masked.message = self.masked(diagnostic.message)
        masked.hint = diagnostic.hint.map { self.masked($0) }
        return masked
    }
}

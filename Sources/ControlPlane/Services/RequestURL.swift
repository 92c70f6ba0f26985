/// The URL of a request as a person types it, split for the router: `http://host/path?query`, or just `/path?query`.
package struct RequestURL: Sendable, Equatable {
    package var scheme: String
    /// Host and optional port; empty when the URL has none.
    package var authority: String
    /// As typed, not normalised; at least `/`.
    package var path: String
    /// Without its question mark; empty when there is none.
    package var query: String

    /// nil when the text is neither absolute nor a path.
    package init?(_ text: String) {
        // What stands behind `#` never leaves a client.
        var rest = text.prefix { $0 != "#" }
        guard !rest.isEmpty, rest.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        if rest.hasPrefix("/") {
            scheme = "http"
            authority = ""
        } else {
            let parts = rest.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[1].hasPrefix("//") else { return nil }
            scheme = parts[0].lowercased()
            let afterScheme = parts[1].dropFirst(2)
            authority = String(afterScheme.prefix { $0 != "/" && $0 != "?" })
            rest = afterScheme.dropFirst(authority.count)
            guard scheme == "http" || scheme == "https", !authority.isEmpty, !authority.contains("@") else {
                return nil
            }
        }
        let pathPart = rest.prefix { $0 != "?" }
        path = pathPart.isEmpty ? "/" : String(pathPart)
        query = String(rest.dropFirst(pathPart.count + 1))
    }

    /// Path and query as a request line holds them.
    package static func target(path: String, query: String) -> String {
        query.isEmpty ? path : "\(path)?\(query)"
    }
}

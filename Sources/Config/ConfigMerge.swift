/// Joins the files of a directory into one tree.
package enum ConfigMerge {
    /// Lists that grow file by file, and mappings of names that do.
    private static let mergedSections: Set<String> = ["listeners", "routes", "upstreams", "middleware", "tests"]

    /// - Parameter trees: one per file, in name order; a file without content is null.
    package static func merge(_ trees: [ConfigNode]) -> (tree: ConfigNode, diagnostics: [ConfigDiagnostic]) {
        if trees.count == 1 { return (trees[0], []) }
        var merged: [ConfigNode.Entry] = []
        var indices: [String: Int] = [:]
        var diagnostics: [ConfigDiagnostic] = []
        for tree in trees where !tree.isNull {
            guard case .mapping(let entries) = tree.content else {
                if tree.content != .failed {
                    diagnostics.append(
                        ConfigDiagnostic(.wrongType, "expected a mapping, found \(tree.summary)", at: tree.position))
                }
                continue
            }
            for entry in entries {
                guard let index = indices[entry.key] else {
                    indices[entry.key] = merged.count
                    merged.append(entry)
                    continue
                }
                // Anchors are a matter of one file; nothing reads these keys.
                if entry.key.hasPrefix("x-") { continue }
                if let diagnostic = add(entry, to: &merged[index]) { diagnostics.append(diagnostic) }
            }
        }
        let position = trees.first?.position ?? .unknown
        return (ConfigNode(.mapping(merged), at: position), diagnostics)
    }

    private static func add(_ entry: ConfigNode.Entry, to first: inout ConfigNode.Entry) -> ConfigDiagnostic? {
        guard mergedSections.contains(entry.key) else {
            return ConfigDiagnostic(
                .duplicateSection, "\(quoted(entry.key)) is already set at \(first.keyPosition)",
                at: entry.keyPosition, path: entry.key, hint: "keep it in one file")
        }
        if entry.value.isNull { return nil }
        if first.value.isNull {
            first = entry
            return nil
        }
        switch (first.value.content, entry.value.content) {
        case (.sequence(let list), .sequence(let more)): first.value.content = .sequence(list + more)
        case (.mapping(var entries), .mapping(let more)):
            var places: [String: SourcePosition] = [:]
            for known in entries { places[known.key] = known.keyPosition }
            for addition in more {
                if let place = places[addition.key] {
                    return ConfigDiagnostic(
                        .duplicateName, "\(quoted(addition.key)) is already defined at \(place)",
                        at: addition.keyPosition, path: entry.key)
                }
                entries.append(addition)
            }
            first.value.content = .mapping(entries)
        default:
            return ConfigDiagnostic(
                .wrongType, "found \(entry.value.summary), where \(first.keyPosition) has \(first.value.summary)",
                at: entry.value.position, path: entry.key)
        }
        return nil
    }
}

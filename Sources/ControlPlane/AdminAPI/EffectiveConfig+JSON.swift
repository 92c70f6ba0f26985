package import Config

extension EffectiveConfig {
    /// `[{"path": …, "value": …, "origin": …}]`, for `gateway config` and the admin API.
    package var json: JSONText {
        .array(
            entries.map { entry in
                .object([
                    ("path", .string(entry.path)), ("value", JSONText(entry.value)),
                    ("origin", .string(entry.origin.description)),
                ])
            })
    }

    /// One aligned line for each value, `path  value  origin`, so that `grep` finds all there is to know about it.
    package var table: String {
        let rows = entries.map { ($0.path, JSONText.plain($0.value), $0.origin.description) }
        // A long text moves what follows it on its own line only.
        let pathWidth = min(rows.map(\.0.count).max() ?? 0, 60)
        let valueWidth = min(rows.map(\.1.count).max() ?? 0, 40)
        return rows.map { path, value, origin in
            Self.padded(path, to: pathWidth) + Self.padded(value, to: valueWidth) + origin
        }.joined(separator: "\n")
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count) + 2)
    }
}

extension EffectiveConfig.Change {
    /// `{"kind": …, "path": …, "old": …, "new": …}`; null on the side where there is nothing.
    package var json: JSONText {
        .object([
            ("kind", .string(kind.rawValue)), ("path", .string(path)), ("old", old.map { JSONText($0) } ?? .null),
            ("new", new.map { JSONText($0) } ?? .null),
        ])
    }
}

extension JSONText {
    init(_ value: JSONValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = Int(exactly: number).map { .integer($0) } ?? .number(number)
        case .bool(let flag): self = .boolean(flag)
        case .array(let values): self = .array(values.map { JSONText($0) })
        case .object(let members): self = .object(members.map { ($0.key, JSONText($0.value)) })
        }
    }

    /// For a table: as JSON, but without quotation marks around what is one plain word.
    fileprivate static func plain(_ value: JSONValue) -> String {
        if case .string(let text) = value, !text.isEmpty,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
        {
            return text
        }
        return JSONText(value).compact
    }
}

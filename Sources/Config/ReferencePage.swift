/// Prints the reference of every key from the description of the format.
struct ReferencePage {
    func text() -> String {
        var lines = [
            "# Configuration reference",
            "",
            "Generated from the description that decodes configurations; do not edit. "
                + "[configuration.md](../configuration.md) explains files, variables and units, and "
                + "[gateway.schema.json](gateway.schema.json) is the same as a JSON Schema.",
            "",
        ]
        for object in GatewaySchema.root.description.reachable() { lines += section(of: object) }
        lines += codes()
        return lines.joined(separator: "\n") + "\n"
    }

    private func section(of object: ObjectDescription) -> [String] {
        var lines = [
            "## \(object.name)", "", object.doc, "", "| key | type | default | meaning |", "|---|---|---|---|",
        ]
        for field in object.fields {
            let value = field.isRequired ? "required" : field.defaultValue.map { "`\(plain($0))`" } ?? ""
            lines.append("| `\(field.key)` | \(name(of: field.type)) | \(cell(value)) | \(cell(field.doc)) |")
        }
        return lines + [""]
    }

    private func plain(_ value: JSONValue) -> String {
        if case .string(let text) = value { return text.isEmpty ? "\"\"" : text }
        return value.compact
    }

    private func name(of type: TypeDescription) -> String {
        switch type {
        case .scalar(let scalar): cell(scalar.name)
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .list(let element, _): "list of " + name(of: element)
        case .map(let key, let value): "\(key) → " + name(of: value)
        case .object(let object): "[\(object.name)](#\(object.name))"
        case .either(let types): types.map { name(of: $0) }.joined(separator: " or ")
        }
    }

    private func cell(_ text: String) -> String { text.split(separator: "|").joined(separator: "\\|") }

    private func codes() -> [String] {
        var lines = [
            "## Diagnostics", "",
            "Every error and warning bears one of these codes: `file:line:column: error[code]: message`. Compiling the "
                + "routes adds codes of its own, see [routing.md](../routing.md).", "",
            "| code | severity | meaning |", "|---|---|---|",
        ]
        for code in DiagnosticCode.allCases {
            lines.append("| `\(code.rawValue)` | \(code.severity.rawValue) | \(cell(code.explanation)) |")
        }
        return lines
    }
}

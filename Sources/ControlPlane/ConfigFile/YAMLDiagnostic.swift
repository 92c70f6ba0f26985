import Config
import Yams

/// Puts the errors of the YAML parser into the form of all others.
enum YAMLDiagnostic {
    static func diagnostic(of error: YamlError, text: String, file: String) -> ConfigDiagnostic {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
            return ConfigDiagnostic(.yamlSyntax, words(problem), at: place(mark, file), hint: hint(problem))
        case .composer(_, let problem, let mark, _):
            if problem.contains("another document") {
                return ConfigDiagnostic(
                    .multipleDocuments, "the file holds a second YAML document", at: place(mark, file),
                    hint: "put it into a file of its own, and give the directory in place of the file")
            }
            return ConfigDiagnostic(.yamlSyntax, words(problem), at: place(mark, file))
        case .reader(let problem, let offset, _, _):
            return ConfigDiagnostic(.yamlSyntax, words(problem), at: place(offset ?? 0, text, file))
        case .duplicatedKeysInMapping(let keys, let context):
            return duplicate(keys.first ?? "", first: context.mark, text: text, file: file)
        default:
            return ConfigDiagnostic(.yamlSyntax, "the file cannot be read as YAML", at: place(0, text, file))
        }
    }

    /// libyaml's words, which speak of tokens, for those who write configurations.
    private static func words(_ problem: String) -> String {
        switch problem {
        case "mapping values are not allowed in this context": "a \":\" stands where no key can end"
        case "could not find expected ':'": "this key has no \":\""
        case "found character that cannot start any token": "a value cannot begin with this character"
        case "did not find expected key": "expected a key here, indented like the keys before it"
        case "did not find expected '-' indicator": "expected a \"-\", indented like the ones before it"
        default: problem
        }
    }

    private static func hint(_ problem: String) -> String? {
        switch problem {
        case "mapping values are not allowed in this context": "put a text that holds \": \" between quotation marks"
        case "found character that cannot start any token":
            "indent with spaces, not tabs, and put texts that begin with @ or ` between quotation marks"
        default: nil
        }
    }

    private static func place(_ mark: Mark, _ file: String) -> SourcePosition {
        SourcePosition(file: file, line: max(1, mark.line), column: max(1, mark.column))
    }

    /// - Parameter offset: in characters.
    private static func place(_ offset: Int, _ text: String, _ file: String) -> SourcePosition {
        var line = 1
        var column = 1
        for character in text.prefix(offset) {
            if character.isNewline {
                line += 1
                column = 1
            } else {
                column += character.unicodeScalars.count
            }
        }
        return SourcePosition(file: file, line: line, column: column)
    }

    // MARK: - Duplicate keys

    private static func duplicate(_ key: String, first: Mark, text: String, file: String) -> ConfigDiagnostic {
        let firstPlace = place(first, file)
        guard let second = secondPlace(of: key, first: firstPlace, text: text) else {
            return ConfigDiagnostic(.duplicateKey, "the key \"\(key)\" is set twice in this mapping", at: firstPlace)
        }
        return ConfigDiagnostic(
            .duplicateKey, "the key \"\(key)\" is already set at \(firstPlace)", at: second,
            hint: "remove one of the two")
    }

    /// The parser tells where a key stands first. In a block mapping the other one begins a line in the same column,
    /// and nothing less indented stands between them.
    private static func secondPlace(of key: String, first: SourcePosition, text: String) -> SourcePosition? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard first.line <= lines.count else { return nil }
        let spellings = [key, "\"\(key)\"", "'\(key)'"]
        for index in first.line..<lines.count {
            let line = lines[index]
            guard let column = line.firstIndex(where: { $0 != " " }), line[column] != "#" else { continue }
            let indentation = line.distance(from: line.startIndex, to: column)
            if indentation < first.column - 1 {
                // The first key of a list's item stands behind the dash; the next item ends the mapping.
                return nil
            }
            guard indentation == first.column - 1 else { continue }
            let content = line[column...]
            for spelling in spellings where content.hasPrefix(spelling) {
                if content.dropFirst(spelling.count).drop(while: { $0 == " " }).hasPrefix(":") {
                    return SourcePosition(file: first.file, line: index + 1, column: first.column)
                }
            }
        }
        return nil
    }
}

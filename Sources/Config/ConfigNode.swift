/// One value of a configuration file, before anything is known about what it means.
///
/// The tree is format-neutral: the control plane makes it from YAML, tests make it by hand.
package struct ConfigNode: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case scalar(Scalar)
        /// In the order of the file; keys are unique.
        case mapping([Entry])
        case sequence([ConfigNode])
        /// Already reported as wrong; decoding passes over it in silence.
        case failed
    }

    package struct Scalar: Sendable, Equatable {
        package enum Style: Sendable, Equatable {
            /// Unquoted: may mean a number, a truth value or nothing, depending on where it stands.
            case plain
            /// Quoted, a block text, or tagged `!!str`: always text.
            case quoted
            /// Text that a variable or a mounted file contributed to; typed by where it stands, and not printed unless
            /// its type leaves no room for a secret.
            case expanded
        }

        package var text: String
        package var style: Style
        /// What the file says where that differs from `text`, such as `${PORT}`. Diagnostics quote this one, so that
        /// no secret reaches a log.
        package var written: String?

        package init(_ text: String, style: Style = .plain, written: String? = nil) {
            self.text = text
            self.style = style
            self.written = written
        }

        /// A plain scalar that YAML 1.2 reads as null.
        package var isNull: Bool {
            style == .plain && (text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL")
        }
    }

    package struct Entry: Sendable, Equatable {
        package var key: String
        package var keyPosition: SourcePosition
        package var value: ConfigNode

        package init(key: String, keyPosition: SourcePosition, value: ConfigNode) {
            self.key = key
            self.keyPosition = keyPosition
            self.value = value
        }
    }

    package var content: Content
    package var position: SourcePosition

    package init(_ content: Content, at position: SourcePosition = .unknown) {
        self.content = content
        self.position = position
    }

    package var isNull: Bool {
        if case .scalar(let scalar) = content { return scalar.isNull }
        return false
    }

    /// A variable or a mounted file contributed to this scalar, so that its text must not be printed.
    var isExpanded: Bool {
        if case .scalar(let scalar) = content { return scalar.style == .expanded }
        return false
    }

    /// The value under `key`; nil also where this is no mapping.
    package subscript(key: String) -> ConfigNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// What this is, in the words of a diagnostic: `"8080"`, `a list`.
    var summary: String {
        switch content {
        case .scalar(let scalar): scalar.isNull ? "nothing" : scalar.quotation
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .failed: "a wrong value"
        }
    }
}

extension ConfigNode.Scalar {
    /// The value as a diagnostic may print it: as written, cut to one short line.
    var quotation: String { quoted(written ?? text) }
}

/// `text` between quotation marks, control characters escaped and the middle of anything long left out.
func quoted(_ text: String) -> String {
    var shown = "\""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == 80 {
            shown += "…"
            break
        }
        switch scalar {
        case "\"": shown += "\\\""
        case "\n": shown += "\\n"
        case "\r": shown += "\\r"
        case "\t": shown += "\\t"
        default:
            if scalar.properties.generalCategory == .control {
                shown += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        count += 1
    }
    return shown + "\""
}

extension ConfigNode {
    /// The same mapping without one of its keys.
    func without(_ key: String) -> ConfigNode {
        guard case .mapping(let entries) = content else { return self }
        return ConfigNode(.mapping(entries.filter { $0.key != key }), at: position)
    }
}

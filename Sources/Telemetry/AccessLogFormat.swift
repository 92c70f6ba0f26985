package import Config

/// What a line of the access log is made of, compiled: literals, each with the value that follows it.
///
/// Segments are plain numbers, so that writing a line counts no references.
package struct AccessLogFormat: Sendable {
    package enum Value: Sendable {
        /// The literal stands alone.
        case none
        case variable(AccessLogVariable)
        /// A field of the request, by its place in `headerNames`.
        case header(Int)
        /// A variable of a filter, by its place in `headerNames`.
        case filterVariable(Int)
        /// `25/Nov/2026:10:15:00 +0000`.
        case combinedTime
        /// Method, target and protocol, as in a request line.
        case requestLine
    }

    /// How a value is written.
    package enum Style: Sendable {
        /// A JSON value, `null` where there is none.
        case json
        /// Part of a JSON string, empty where there is none.
        case jsonPart
        /// `-` where there is none; what could break a line or its quotation marks as `\xHH`.
        case text
    }

    package struct Segment: Sendable {
        /// In `literals`.
        package let literal: Range<Int>
        package let value: Value
        package let style: Style
    }

    package let segments: [Segment]
    package let literals: [UInt8]
    /// In lower case.
    package let headerNames: [[UInt8]]
    /// Bytes of a line without its texts, at most.
    package let fixedByteCount: Int

    /// The longest number, time or `null`.
    private static let shortValueMax = 48

    package init(_ config: AccessLogConfig) {
        var builder = Builder()
        switch config.format {
        case .json: builder.addMembers(config.fields)
        case .combined: builder.addCombined()
        case .template(let template): builder.add(template, style: .text)
        }
        builder.literal += "\n"
        builder.close(.none, .text)
        segments = builder.segments
        literals = builder.literals
        headerNames = builder.headerNames
        fixedByteCount = literals.count + segments.count * Self.shortValueMax
    }

    private struct Builder {
        var segments: [Segment] = []
        var literals: [UInt8] = []
        var headerNames: [[UInt8]] = []
        var literal = ""

        mutating func close(_ value: Value, _ style: Style) {
            let start = literals.count
            literals += literal.utf8
            segments.append(Segment(literal: start..<literals.count, value: value, style: style))
            literal = ""
        }

        mutating func addMembers(_ fields: [AccessLogConfig.Field]) {
            let changed = Dictionary(fields.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
            var isFirst = true
            for variable in AccessLogVariable.allCases where variable.isInJSON {
                if let field = changed[variable.rawValue] {
                    addMember(field.name, field.template, &isFirst)
                } else {
                    addMember(variable.rawValue, AccessLogTemplate(pieces: [.variable(variable)]), &isFirst)
                }
            }
            let own = Set(AccessLogVariable.allCases.filter(\.isInJSON).map(\.rawValue))
            for field in fields where !own.contains(field.name) { addMember(field.name, field.template, &isFirst) }
            literal += "}"
        }

        private mutating func addMember(_ name: String, _ template: AccessLogTemplate?, _ isFirst: inout Bool) {
            guard let template else { return }
            literal += isFirst ? "{" : ","
            isFirst = false
            literal += "\"\(JSONValue.content(name))\":"
            // One variable alone keeps its type.
            if template.pieces.count == 1, template.isVariable {
                add(template, style: .json)
            } else {
                literal += "\""
                add(template, style: .jsonPart)
                literal += "\""
            }
        }

        mutating func add(_ template: AccessLogTemplate, style: Style) {
            for piece in template.pieces {
                switch piece {
                case .literal(let text): literal += style == .text ? text : JSONValue.content(text)
                case .variable(let variable): close(.variable(variable), style)
                case .header(let name):
                    headerNames.append(Array(name.utf8))
                    close(.header(headerNames.count - 1), style)
                case .filterVariable(let name):
                    headerNames.append(Array(name.utf8))
                    close(.filterVariable(headerNames.count - 1), style)
                }
            }
        }

        mutating func addCombined() {
            close(.variable(.clientIP), .text)
            literal = " - - ["
            close(.combinedTime, .text)
            literal = "] \""
            close(.requestLine, .text)
            literal = "\" "
            close(.variable(.status), .text)
            literal = " "
            close(.variable(.bytesOut), .text)
            literal = " \""
            close(.variable(.referer), .text)
            literal = "\" \""
            close(.variable(.userAgent), .text)
            literal = "\""
        }
    }
}

extension AccessLogTemplate {
    fileprivate var isVariable: Bool {
        if case .literal = pieces.first { return false }
        return true
    }
}

extension AccessLogVariable {
    /// A member of every JSON line.
    fileprivate var isInJSON: Bool {
        switch self {
        case .referer, .generation, .worker, .auth: false
        default: true
        }
    }
}

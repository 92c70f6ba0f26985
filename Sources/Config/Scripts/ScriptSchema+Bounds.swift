// Numbers of a filter's configuration: how they are read, compared and bounded.

extension ScriptSchema {
    /// How many items or characters there may be.
    struct CountBounds: Sendable, Equatable {
        var min: Int?
        var max: Int?

        func contains(_ count: Int) -> Bool { count >= min ?? 0 && count <= max ?? .max }

        /// `at least 1`, `2 to 5`, `exactly 3`.
        var text: String {
            switch (min, max) {
            case (let min?, let max?): min == max ? "exactly \(min)" : "\(min) to \(max)"
            case (let min?, nil): "at least \(min)"
            case (nil, let max?): "at most \(max)"
            case (nil, nil): "any number"
            }
        }
    }

    /// How large a number may be; each bound is a number.
    struct NumberBounds: Sendable, Equatable {
        var minimum: JSONValue?
        var maximum: JSONValue?
        var exclusiveMinimum: JSONValue?
        var exclusiveMaximum: JSONValue?

        func contains(_ number: JSONValue) -> Bool {
            if let minimum, number.isLess(than: minimum) { return false }
            if let maximum, maximum.isLess(than: number) { return false }
            if let exclusiveMinimum, !exclusiveMinimum.isLess(than: number) { return false }
            if let exclusiveMaximum, !number.isLess(than: exclusiveMaximum) { return false }
            return true
        }

        /// No number satisfies all of them.
        var isEmpty: Bool {
            if let minimum, let maximum, maximum.isLess(than: minimum) { return true }
            if let exclusiveMinimum, let maximum, !exclusiveMinimum.isLess(than: maximum) { return true }
            if let minimum, let exclusiveMaximum, !minimum.isLess(than: exclusiveMaximum) { return true }
            if let exclusiveMinimum, let exclusiveMaximum { return !exclusiveMinimum.isLess(than: exclusiveMaximum) }
            return false
        }

        /// `at least 1 and less than 10`, durations and sizes with their unit; nil without a bound.
        func text(_ format: Format?) -> String? {
            let bounds = [
                ("at least", minimum), ("more than", exclusiveMinimum), ("at most", maximum),
                ("less than", exclusiveMaximum),
            ]
            let parts = bounds.compactMap { words, bound in bound.map { "\(words) \($0.quantityText(format))" } }
            return parts.isEmpty ? nil : parts.joined(separator: " and ")
        }
    }
}

extension JSONValue {
    /// A decimal number as YAML 1.2 and JSON write it; nil also where it does not fit between -2^63 and 2^63.
    static func number(in text: String) -> JSONValue? {
        guard isDecimal(text) else { return nil }
        if let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), abs(number) < 0x1p63 else { return nil }
        return .number(number)
    }

    /// `-12`, `1.5`, `.5`, `2.`, `1e-3`; the form alone, whatever the size.
    static func isDecimal(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        func dropSign() { if let sign = rest.first, sign == 0x2B || sign == 0x2D { rest.removeFirst() } }
        func dropDigits() -> Int {
            let before = rest.count
            rest = rest.drop { (0x30...0x39).contains($0) }
            return before - rest.count
        }
        dropSign()
        var digitCount = dropDigits()
        if rest.first == 0x2E {
            rest.removeFirst()
            digitCount += dropDigits()
        }
        guard digitCount > 0 else { return false }
        if let exponent = rest.first, exponent | 0x20 == 0x65 {
            rest.removeFirst()
            dropSign()
            if dropDigits() == 0 { return false }
        }
        return rest.isEmpty
    }

    /// A truth value of YAML 1.2.
    static func truth(in text: String) -> Bool? {
        switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    /// As a whole number, which JSON Schema also takes `2.0` for.
    var whole: Int? {
        switch self {
        case .integer(let integer): integer
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }

    private var double: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }

    /// False also where one of both is no number.
    func isLess(than other: JSONValue) -> Bool {
        if case .integer(let left) = self, case .integer(let right) = other { return left < right }
        guard let left = double, let right = other.double else { return false }
        return left < right
    }

    /// The same for all values that JSON Schema calls equal: `2` for `2.0`.
    var canonical: JSONValue {
        switch self {
        case .string, .integer, .bool: self
        case .number: whole.map { .integer($0) } ?? self
        case .array(let values): .array(values.map(\.canonical))
        case .object(let members): .object(members.map { Member(key: $0.key, value: $0.value.canonical) })
        }
    }

    /// What an operator would write for a number of seconds or bytes, and any other number as it is.
    func quantityText(_ format: ScriptSchema.Format?) -> String {
        switch format {
        // No duration text says parts of a millisecond, so that such a bound is shown in seconds.
        case .duration:
            guard let seconds = double, let milliseconds = Int(exactly: seconds * 1000), milliseconds >= 0 else {
                return compact + " seconds"
            }
            return DurationText.text(of: .milliseconds(milliseconds))
        case .bytes: return whole.map { $0 > 0 ? SizeText.text(of: $0) : String($0) } ?? compact
        default: return compact
        }
    }

    /// In a list of words: texts without quotation marks, unless they are long or hold what a terminal acts on.
    var word: String {
        guard case .string(let text) = self else { return compact }
        let isPlain = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        return isPlain && (1...40).contains(text.unicodeScalars.count) ? text : quoted(text)
    }

    /// The first of them, in one line.
    static func words(_ values: [JSONValue]) -> String {
        values.prefix(20).map(\.word).joined(separator: ", ") + (values.count > 20 ? ", …" : "")
    }
}

extension ScriptSchema.Format {
    /// A quantity's text as a number of seconds or bytes.
    func quantity(_ text: String) -> Result<JSONValue, TextRefusal> {
        self == .duration
            ? DurationText.parse(text).map { duration in
                let (seconds, attoseconds) = duration.components
                return .number(Double(seconds * 1000 + attoseconds / 1_000_000_000_000_000) / 1000)
            }
            : SizeText.parse(text).map { .integer($0) }
    }

    /// Why `text` is not of this format; nil where it is, and for quantities.
    func refusal(of text: String) -> TextRefusal? {
        switch self {
        case .duration, .bytes: return nil
        case .headerName:
            if HTTPText.isToken(text), text.utf8.count <= 256 { return nil }
            return TextRefusal("is not a field name", hint: "write for example x-request-id")
        case .host:
            let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
            if isBracketed ? NetworkText.isIPv6(String(text.dropFirst().dropLast())) : NetworkText.isIPv6(text) {
                return nil
            }
            if NetworkText.isIPv4(text) || NetworkText.isHostName(text) { return nil }
            if UpstreamURL.looksLikeURL(text) { return TextRefusal("is a URL", hint: "write the host alone") }
            if text.contains(":") { return TextRefusal("is not a host", hint: "write the host without a port") }
            return TextRefusal("is not a host name or IP address")
        case .uriPath:
            if !text.hasPrefix("/") {
                return TextRefusal("does not start with a slash", echo: "write \(quoted("/" + text))")
            }
            guard let refusal = PathPatternText.byteRefusal(text) else { return nil }
            // Its hint is about routes where the text holds a query.
            return TextRefusal(refusal.problem)
        case .cidr:
            if NetworkText.isNetwork(text) { return nil }
            return TextRefusal(
                "is not an IP address or network", hint: "write for example 10.0.0.0/8, 192.0.2.1 or fd00::/8")
        case .regex:
            if (1...ScriptSchema.regexBytesMax).contains(text.utf8.count) { return nil }
            return TextRefusal(
                text.isEmpty
                    ? "is an empty expression"
                    : "is longer than \(ScriptSchema.regexBytesMax) bytes, which no expression may be")
        }
    }
}

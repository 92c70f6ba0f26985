import Bytes
import HTTP

/// What comes from outside never ends a line or a string of a log, and what is to be redacted is not in it.
package enum LogTextProperty {
    private static let redaction = QueryRedaction(["token", "key"])

    /// What is wrong, or nil.
    package static func violation(_ input: [UInt8]) -> String? {
        let json = written(input, escapedMax: 6) { LogEscape.appendJSON($0, to: $1) }
        guard let text = String(validating: json, as: UTF8.self) else { return "not UTF-8" }
        if let flaw = flaw(of: json) { return "as JSON: \(flaw)" }
        if let flaw = strayQuote(in: text) { return "as JSON: \(flaw)" }
        let plain = written(input, escapedMax: 4) { LogEscape.appendText($0, to: $1) }
        if let flaw = flaw(of: plain) ?? (plain.contains(UInt8(ascii: "\"")) ? "a quotation mark" : nil) {
            return "as text: \(flaw)"
        }
        guard plain.allSatisfy({ $0 < 0x80 }) else { return "as text: not ASCII" }
        return redactionFlaw(input)
    }

    private static func written(
        _ input: [UInt8], escapedMax: Int, _ write: (Span<UInt8>, ByteBuffer) -> Void
    ) -> [UInt8] {
        let out = ByteBuffer(capacity: input.count * escapedMax + 1)
        write(input.span, out)
        var bytes: [UInt8] = []
        bytes.append(copying: out.readable)
        return bytes
    }

    private static func flaw(of bytes: [UInt8]) -> String? {
        bytes.contains { $0 < 0x20 || $0 == 0x7F } ? "a control character" : nil
    }

    /// A quotation mark that no backslash of its own stands before.
    private static func strayQuote(in text: String) -> String? {
        var isEscaped = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\""), !isEscaped { return "a bare quotation mark" }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        }
        return isEscaped ? "a backslash at the end" : nil
    }

    /// Redacting twice changes nothing more, and each value that goes is one of the named parameters'.
    private static func redactionFlaw(_ input: [UInt8]) -> String? {
        var (once, twice): ([UInt8], [UInt8]) = ([], [])
        redaction.redact(input.span, into: &once)
        redaction.redact(once.span, into: &twice)
        guard twice == once else { return "redacting twice differs" }
        for part in once.split(whereSeparator: { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: ";") }) {
            let name = part.prefix { $0 != UInt8(ascii: "=") }
            let isNamed = ["token", "key"].contains(String(decoding: name, as: UTF8.self).lowercased())
            guard name.count < part.count, isNamed else { continue }
            let value = part.dropFirst(name.count + 1).prefix { $0 != UInt8(ascii: "#") }
            guard value.elementsEqual("redacted".utf8) else { return "a value is left" }
        }
        return nil
    }
}

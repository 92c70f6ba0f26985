import Bytes

/// Takes the values of named parameters out of a query, or out of a URL that has one.
package struct QueryRedaction: Sendable {
    /// Lower-case.
    private let names: [[UInt8]]
    private static let replacement = Array("redacted".utf8)

    /// - Parameter names: of parameters; compared without case, after percent-decoding.
    package init(_ names: [String]) {
        self.names = names.map { Array($0.lowercased().utf8) }
    }

    /// Whether `text` could hold a parameter at all; most do not, and nothing is copied for them.
    package func concerns(_ text: Span<UInt8>) -> Bool {
        guard !names.isEmpty else { return false }
        for index in text.indices where text[index] == UInt8(ascii: "=") { return true }
        return false
    }

    /// Replaces what `result` holds by `text` with the values of the named parameters replaced.
    package func redact(_ text: Span<UInt8>, into result: inout [UInt8]) {
        result.removeAll(keepingCapacity: true)
        var index = 0
        var nameStart = 0
        while index < text.count {
            let byte = text[index]
            result.append(byte)
            index += 1
            switch byte {
            case UInt8(ascii: "&"), UInt8(ascii: ";"), UInt8(ascii: "?"), UInt8(ascii: "#"): nameStart = index
            case UInt8(ascii: "="):
                guard names(text.extracting(nameStart..<index - 1)) else { continue }
                result.append(contentsOf: Self.replacement)
                while index < text.count, text[index] != UInt8(ascii: "&"), text[index] != UInt8(ascii: ";"),
                    text[index] != UInt8(ascii: "#")
                {
                    index += 1
                }
            default: break
            }
        }
    }

    /// Whether `name`, as it was sent, is one of the named parameters.
    private func names(_ name: Span<UInt8>) -> Bool {
        for known in names where isSame(known, name) { return true }
        return false
    }

    private func isSame(_ known: [UInt8], _ name: Span<UInt8>) -> Bool {
        var index = 0
        for expected in known {
            guard index < name.count else { return false }
            var byte = name[index]
            if byte == UInt8(ascii: "%"), index + 2 < name.count, let high = digit(name[index + 1]),
                let low = digit(name[index + 2])
            {
                byte = high << 4 | low
                index += 2
            }
            if (0x41...0x5A).contains(byte) { byte |= 0x20 }
            guard byte == expected else { return false }
            index += 1
        }
        return index == name.count
    }

    private func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

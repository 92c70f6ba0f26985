import Bytes

/// The literal text that whatever a regular expression matches begins with.
enum RegexPrefix {
    /// Empty when nothing is certain. Errs on the short side: alternatives anywhere, or no `^` in front, give nothing.
    static func literal(of pattern: String) -> [UInt8] {
        let bytes = Array(pattern.utf8)
        guard bytes.first == UInt8(ascii: "^"), !bytes.contains(UInt8(ascii: "|")) else { return [] }
        var prefix: [UInt8] = []
        var index = 1
        while index < bytes.count {
            var byte = bytes[index]
            var count = 1
            if byte == UInt8(ascii: "\\") {
                // Escaped punctuation stands for itself; escaped letters and digits are classes and references.
                guard index + 1 < bytes.count, bytes[index + 1] < 0x80, !ASCII.isAlpha(bytes[index + 1]),
                    !ASCII.isDigit(bytes[index + 1])
                else { break }
                byte = bytes[index + 1]
                count = 2
            } else if ".[](){}*+?^$".utf8.contains(byte) {
                break
            }
            let next = index + count < bytes.count ? bytes[index + count] : 0
            // What may repeat zero times is not certain; `+` at least leaves one.
            if next == UInt8(ascii: "*") || next == UInt8(ascii: "?") || next == UInt8(ascii: "{") { break }
            prefix.append(byte)
            index += count
        }
        return prefix
    }
}

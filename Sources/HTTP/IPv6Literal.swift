import Bytes

/// The text form of IPv6 addresses (RFC 3986 §3.2.2 IPv6address), checked but not converted.
enum IPv6Literal {
    static func isValid(_ text: Span<UInt8>) -> Bool {
        var index = 0
        var groupCount = 0
        var hasGap = false
        if text.count >= 2 && text[0] == Delimiter.colon {
            guard text[1] == Delimiter.colon else { return false }
            hasGap = true
            index = 2
        }
        while index < text.count {
            let groupStart = index
            while index < text.count, index - groupStart < 4, ASCII.hexValue(text[index]) != nil { index += 1 }
            guard index > groupStart else { return false }
            if index < text.count && text[index] == UInt8(ascii: ".") {
                guard isIPv4(text.extracting(groupStart..<text.count)) else { return false }
                groupCount += 2
                return hasGap ? groupCount <= 7 : groupCount == 8
            }
            groupCount += 1
            if index == text.count { break }
            guard text[index] == Delimiter.colon else { return false }
            index += 1
            guard index < text.count else { return false }
            if text[index] == Delimiter.colon {
                guard !hasGap else { return false }
                hasGap = true
                index += 1
            }
        }
        return hasGap ? groupCount <= 7 : groupCount == 8
    }

    private static func isIPv4(_ text: Span<UInt8>) -> Bool {
        var index = 0
        for part in 0..<4 {
            if part > 0 {
                guard index < text.count, text[index] == UInt8(ascii: ".") else { return false }
                index += 1
            }
            let start = index
            var value = 0
            while index < text.count, index - start < 3, ASCII.isDigit(text[index]) {
                value = value * 10 + Int(text[index] &- 0x30)
                index += 1
            }
            guard index > start, value <= 255, index - start == 1 || text[start] != UInt8(ascii: "0") else {
                return false
            }
        }
        return index == text.count
    }
}

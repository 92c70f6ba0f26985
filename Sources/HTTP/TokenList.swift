import Bytes

/// The items of a comma-separated field value, trimmed, empty ones skipped (RFC 9110 §5.6.1).
///
/// Commas inside quoted strings are not seen as such: only for fields whose items are tokens.
struct TokenList {
    private var next: Int
    private let end: Int

    init(_ range: Range<Int>) {
        next = range.lowerBound
        end = range.upperBound
    }

    mutating func next(in bytes: Span<UInt8>) -> Range<Int>? {
        while next < end {
            var first = next
            while next < end && bytes[next] != UInt8(ascii: ",") { next &+= 1 }
            var last = next
            next &+= 1
            while first < last && isOptionalWhitespace(bytes[first]) { first &+= 1 }
            while last > first && isOptionalWhitespace(bytes[last &- 1]) { last &-= 1 }
            if first < last { return first..<last }
        }
        return nil
    }

    private func isOptionalWhitespace(_ byte: UInt8) -> Bool {
        byte == Delimiter.space || byte == Delimiter.tab
    }
}

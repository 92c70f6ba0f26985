import Bytes

/// Finds parameters in a query as forms encode it (WHATWG URL, `application/x-www-form-urlencoded`): `&` between pairs,
/// the first `=` of a pair before its value, `+` for a space, percent-escapes for bytes. Broken escapes stand for
/// themselves.
enum QueryScanner {
    /// The raw value of the first parameter of that name; empty for one without `=`. nil when there is none.
    ///
    /// - Parameter name: where in `texts` the decoded name stands.
    static func firstValue(of name: Range<Int>, of texts: [UInt8], in query: Span<UInt8>) -> Range<Int>? {
        var start = 0
        while start < query.count {
            var end = start
            var equals = -1
            while end < query.count, query[end] != UInt8(ascii: "&") {
                if equals < 0, query[end] == UInt8(ascii: "=") { equals = end }
                end += 1
            }
            let nameEnd = equals < 0 ? end : equals
            if nameEnd > start, decodes(query, start..<nameEnd, to: name, of: texts) {
                return equals < 0 ? end..<end : equals + 1..<end
            }
            start = end + 1
        }
        return nil
    }

    /// Whether `query[range]`, decoded, is `texts[wanted]`.
    static func decodes(
        _ query: Span<UInt8>, _ range: Range<Int>, to wanted: Range<Int>, of texts: [UInt8]
    ) -> Bool {
        var index = range.lowerBound
        var offset = wanted.lowerBound
        while index < range.upperBound {
            guard offset < wanted.upperBound, next(query, &index, before: range.upperBound) == texts[offset] else {
                return false
            }
            offset += 1
        }
        return offset == wanted.upperBound
    }

    /// Replaces `out` by `query[range]`, decoded.
    static func decode(_ query: Span<UInt8>, _ range: Range<Int>, into out: inout [UInt8]) {
        out.removeAll(keepingCapacity: true)
        var index = range.lowerBound
        while index < range.upperBound { out.append(next(query, &index, before: range.upperBound)) }
    }

    private static func next(_ query: Span<UInt8>, _ index: inout Int, before end: Int) -> UInt8 {
        let byte = query[index]
        index += 1
        if byte == UInt8(ascii: "+") { return ASCII.space }
        guard byte == UInt8(ascii: "%"), index + 1 < end, let high = ASCII.hexValue(query[index]),
            let low = ASCII.hexValue(query[index + 1])
        else { return byte }
        index += 2
        return high << 4 | low
    }
}

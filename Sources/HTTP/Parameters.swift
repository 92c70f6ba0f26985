import Bytes

/// `name=value` lists: queries and cookies.
package enum Parameters {
    /// Where the value of the first parameter called `name` stands, or nil.
    package static func value(of name: Span<UInt8>, in list: Span<UInt8>, separator: UInt8) -> Range<Int>? {
        var start = 0
        while start < list.count {
            while start < list.count, list[start] == ASCII.space { start += 1 }
            var end = start
            while end < list.count, list[end] != separator { end += 1 }
            let equals = start + name.count
            if equals < end, list[equals] == 0x3D, ASCII.equal(list.extracting(start..<equals), name) {
                return equals + 1..<end
            }
            start = end + 1
        }
        return nil
    }
}

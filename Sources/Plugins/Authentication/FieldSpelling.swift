import Bytes
import HTTP

extension FilterExchange {
    /// Leaves out what the client sent under that name, in any spelling that an application may take for it: in any
    /// case, and with `_` in place of any `-`.
    package func removeSpellings(of name: [UInt8]) {
        let edits = requestEdits
        edits.remove(name)
        guard name.contains(UInt8(ascii: "-")) else { return }
        let buffer = requestBytes
        let bytes = buffer.written
        let head = requestHead
        for field in head.fields where field.nameRange.count == name.count {
            let own = bytes.extracting(field.nameRange)
            if FieldSpelling.isOther(own, of: name) { edits.remove(own) }
        }
    }
}

enum FieldSpelling {
    /// Whether `own` is the lower-case `name` with at least one `_` for a `-`.
    static func isOther(_ own: Span<UInt8>, of name: [UInt8]) -> Bool {
        var isOther = false
        for index in own.indices {
            let byte = own[index]
            if byte == UInt8(ascii: "_"), name[index] == UInt8(ascii: "-") {
                isOther = true
            } else if ASCII.lowercased(byte) != name[index] {
                return false
            }
        }
        return isOther
    }
}

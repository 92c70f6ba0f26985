import Bytes
import CHeaderTable

// Fields as they will be sent: those of the head that no edit replaces, and those of the edits.
extension HeaderEdits {
    /// Calls `body` with the first value of that name; false where there is none.
    package func withFirst(
        _ name: Span<UInt8>, _ fields: borrowing [HeaderField], known set: UInt64, _ head: Span<UInt8>,
        _ body: (Span<UInt8>) -> Void
    ) -> Bool {
        let known = KnownHeader.find(name, at: 0, count: name.count)
        // Most names that filters ask for are known, and one word tells whether the head has them.
        let mayBeInHead = known == .unknown || set & known.bit != 0
        if mayBeInHead {
            for index in fields.indices {
                let field = fields[index]
                guard known == .unknown ? field.known == 0 : field.known == known.rawValue else { continue }
                if field.isDropped { continue }
                if known == .unknown {
                    guard Int(field.name_count) == name.count else { continue }
                    guard ASCII.equalIgnoringCase(head.extracting(field.nameRange), name) else { continue }
                }
                if !isEmpty, replaces(field, in: head) { break }
                body(head.extracting(field.valueRange))
                return true
            }
        }
        guard !isEmpty else { return false }
        let bytes = lines
        for edit in edits where edit.isWritten && edit.known == known {
            guard known != .unknown || ASCII.equalIgnoringCase(bytes.span.extracting(edit.name), name) else {
                continue
            }
            body(bytes.span.extracting(edit.value))
            return true
        }
        return false
    }

    /// Whether fields of that name that came with the head are left out.
    package func isRemoved(_ name: Span<UInt8>) -> Bool {
        guard !isEmpty else { return false }
        let known = KnownHeader.find(name, at: 0, count: name.count)
        guard known == .unknown else { return replacedSet & known.bit != 0 }
        guard replacesUnknown else { return false }
        let bytes = lines
        for edit in edits where edit.replaces && edit.name.count == name.count {
            if ASCII.equalIgnoringCase(bytes.span.extracting(edit.name), name) { return true }
        }
        return false
    }

    /// Calls `body` with the field at `position`, which is moved past it: first the fields of the head, then edits.
    package func withNext(
        _ position: inout Int, _ fields: borrowing [HeaderField], _ head: Span<UInt8>,
        _ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void
    ) -> Bool {
        while position < fields.count {
            let field = fields[position]
            position += 1
            if field.isDropped || replaces(field, in: head) { continue }
            body(head.extracting(field.nameRange), head.extracting(field.valueRange))
            return true
        }
        let bytes = lines
        while position - fields.count < edits.count {
            let edit = edits[position - fields.count]
            position += 1
            guard edit.isWritten else { continue }
            body(bytes.span.extracting(edit.name), bytes.span.extracting(edit.value))
            return true
        }
        return false
    }
}

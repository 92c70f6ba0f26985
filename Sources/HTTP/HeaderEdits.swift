import Bytes
import CHeaderTable

/// Changes to the fields of a head, asked for by filters and applied while the head is written.
///
/// A later edit wins over an earlier one of the same name. Kept from request to request: once grown, edits allocate
/// nothing. A `set` of `host` on a request replaces its Host.
///
/// Framing, hop-by-hop fields and malformed names or values are refused, so that no filter can change where a message
/// ends or smuggle a line into it.
///
/// A class, since a struct that is a property of an exchange would be checked for exclusive access on every use.
package final class HeaderEdits: CustomStringConvertible {
    struct Edit: Sendable {
        /// Whether the fields of this name that came with the head are left out.
        var replaces: Bool
        /// Whether the edit's own line is written.
        var isWritten: Bool
        var known: KnownHeader
        var name: Range<Int>
        var value: Range<Int>
    }

    /// All of it in one property: each use of a property of an object is checked for exclusive access.
    private struct Content {
        var edits: [Edit] = []
        var bytes: [UInt8] = []
        var replacedSet: UInt64 = 0
        var replacesUnknown = false

        mutating func append(
            _ name: Span<UInt8>, _ value: Span<UInt8>, known: KnownHeader, replaces: Bool, isWritten: Bool
        ) {
            if replaces, !edits.isEmpty { silence(name, known: known) }
            let start = bytes.count
            bytes.append(copying: name)
            bytes.append(copying: value)
            let valueStart = start + name.count
            edits.append(
                Edit(
                    replaces: replaces, isWritten: isWritten, known: known, name: start..<valueStart,
                    value: valueStart..<bytes.count))
            guard replaces else { return }
            if known == .unknown { replacesUnknown = true } else { replacedSet |= known.bit }
        }

        /// Makes earlier edits of that name write nothing.
        private mutating func silence(_ name: Span<UInt8>, known: KnownHeader) {
            let written = bytes
            for index in edits.indices where edits[index].known == known && edits[index].isWritten {
                if known != .unknown || ASCII.equalIgnoringCase(written.span.extracting(edits[index].name), name) {
                    edits[index].isWritten = false
                }
            }
        }

        mutating func removeAll() {
            edits.removeAll(keepingCapacity: true)
            bytes.removeAll(keepingCapacity: true)
            replacedSet = 0
            replacesUnknown = false
        }
    }

    private var content = Content()

    var edits: [Edit] { content.edits }
    var bytes: [UInt8] { content.bytes }
    /// Known names with a replacing edit.
    var replacedSet: UInt64 { content.replacedSet }
    /// Whether a replacing edit has a name that is not known.
    var replacesUnknown: Bool { content.replacesUnknown }

    package init() {}

    /// One line an edit, `-name` for a removal.
    package var description: String {
        edits.map { edit in
            let name = String(decoding: bytes[edit.name], as: UTF8.self)
            guard edit.isWritten else { return "-\(name)" }
            return (edit.replaces ? "=" : "+") + "\(name): \(String(decoding: bytes[edit.value], as: UTF8.self))"
        }.joined(separator: "\n")
    }

    package var isEmpty: Bool { edits.isEmpty }

    /// Upper bound of the bytes that the edits add to a head.
    package var byteCount: Int { bytes.count + edits.count * 4 }

    package func removeAll() { content.removeAll() }

    /// Replaces every field of that name by one with that value.
    ///
    /// - Returns: false when the edit was refused.
    @discardableResult
    package func set(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        guard let known = Self.editable(name), Self.isValid(value: value) else { return false }
        content.append(name, value, known: known, replaces: true, isWritten: true)
        return true
    }

    /// Adds a field and keeps those of the same name.
    ///
    /// - Returns: false when the edit was refused, as is an added `host`.
    @discardableResult
    package func add(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        guard let known = Self.editable(name), known != .host, Self.isValid(value: value) else { return false }
        content.append(name, value, known: known, replaces: false, isWritten: true)
        return true
    }

    /// Leaves out every field of that name.
    ///
    /// - Returns: false when the edit was refused, as is the removal of `host`.
    @discardableResult
    package func remove(_ name: Span<UInt8>) -> Bool {
        guard let known = Self.editable(name), known != .host else { return false }
        content.append(name, Span(), known: known, replaces: true, isWritten: false)
        return true
    }

    @discardableResult
    package func set(_ name: [UInt8], _ value: [UInt8]) -> Bool { set(name.span, value.span) }
    @discardableResult
    package func add(_ name: [UInt8], _ value: [UInt8]) -> Bool { add(name.span, value.span) }
    @discardableResult
    package func remove(_ name: [UInt8]) -> Bool { remove(name.span) }

    /// Whether the fields of that name that came with the head are left out.
    func replaces(_ field: HeaderField, in head: Span<UInt8>) -> Bool {
        if field.known != 0 { return (replacedSet &>> UInt64(field.known)) & 1 != 0 }
        guard replacesUnknown else { return false }
        let name = head.extracting(field.nameRange)
        for edit in edits where edit.replaces && edit.name.count == name.count {
            if ASCII.equalIgnoringCase(bytes.span.extracting(edit.name), name) { return true }
        }
        return false
    }

    /// The value that a `set` gives to a known field; nil without one.
    func value(of known: KnownHeader) -> Range<Int>? {
        guard replacedSet & known.bit != 0 else { return nil }
        for edit in edits where edit.known == known && edit.isWritten { return edit.value }
        return nil
    }

    /// Writes the lines of all edits, that of `host` left out.
    func write(into out: ByteBuffer) {
        // Each use of a property is checked for exclusive access; a local copy is checked once.
        let content = content
        let (edits, bytes) = (content.edits, content.bytes)
        for edit in edits where edit.isWritten && edit.known != .host {
            out.append(bytes.span.extracting(edit.name))
            out.append(": ")
            out.append(bytes.span.extracting(edit.value))
            out.append("\r\n")
        }
    }

    /// The known name, `.unknown` for others, nil for one that must not be edited.
    private static func editable(_ name: Span<UInt8>) -> KnownHeader? {
        guard name.count > 0 && name.count <= FieldLine.nameBytesMax else { return nil }
        for index in name.indices where !ByteSet.token.contains(name[index]) { return nil }
        let known = KnownHeader.find(name, at: 0, count: name.count)
        guard (HopByHop.knownSet | KnownHeader.contentLength.bit) & known.bit == 0 else { return nil }
        return known
    }

    private static func isValid(value: Span<UInt8>) -> Bool {
        var index = ByteScanner.firstControlByte(in: value, from: 0)
        while index < value.count && value[index] == Delimiter.tab {
            index = ByteScanner.firstControlByte(in: value, from: index &+ 1)
        }
        return index == value.count
    }
}

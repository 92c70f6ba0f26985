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
/// A class whose lists are taken out of their property to be changed: a property that is changed by a call, such as an
/// array's `append`, is checked for exclusive access at run time wherever it is used.
package final class HeaderEdits: CustomStringConvertible {
    /// One edit, its line in `lines`: all of it when it is written, else the name alone.
    struct Edit: Sendable {
        /// Whether the fields of this name that came with the head are left out.
        var replaces: Bool
        /// Whether the edit's own line is written.
        var isWritten: Bool
        var known: KnownHeader
        var nameCount: UInt16
        var start: UInt32
        /// Behind the CRLF.
        var end: UInt32

        var line: Range<Int> { Int(start)..<Int(end) }
        var name: Range<Int> { Int(start)..<Int(start) &+ Int(nameCount) }
        /// Only of an edit that is written.
        var value: Range<Int> { Int(start) &+ Int(nameCount) &+ 2..<Int(end) &- 2 }
    }

    struct Content: Sendable {
        var edits: [Edit] = []
        /// The lines of all edits, as they are written.
        var lines: [UInt8] = []

        /// Makes edits of that name write nothing.
        mutating func silence(_ name: Span<UInt8>, known: KnownHeader) {
            if known != .unknown { return silence { $0.known == known } }
            let bytes = lines
            silence {
                $0.known == .unknown && Int($0.nameCount) == name.count
                    && ASCII.equalIgnoringCase(bytes.span.extracting($0.name), name)
            }
        }

        mutating func silence(_ isOne: (Edit) -> Bool) {
            for index in edits.indices where edits[index].isWritten && isOne(edits[index]) {
                edits[index].isWritten = false
            }
        }
    }

    private var content = Content()
    /// Known names with a replacing edit.
    private(set) var replacedSet: UInt64 = 0
    /// Whether a replacing edit has a name that is not known.
    private(set) var replacesUnknown = false
    /// Known names with an edit that is written.
    private var writtenSet: UInt64 = 0
    private var isUsed = false

    package init() {}

    var edits: [Edit] { content.edits }
    var lines: [UInt8] { content.lines }

    /// One line an edit, `-name` for a removal.
    package var description: String {
        let removed = KnownHeader.allCases.filter { known in
            known != .unknown && replacedSet & known.bit != 0 && !edits.contains { $0.known == known }
        }
        let bytes = lines
        let own = edits.map { edit in
            let name = String(decoding: bytes[edit.name], as: UTF8.self)
            guard edit.isWritten else { return "-\(name)" }
            return (edit.replaces ? "=" : "+") + "\(name): \(String(decoding: bytes[edit.value], as: UTF8.self))"
        }
        return (removed.map { "-\($0.name)" } + own).joined(separator: "\n")
    }

    package var isEmpty: Bool { !isUsed }

    /// Upper bound of the bytes that the edits add to a head.
    package var byteCount: Int { isUsed ? content.lines.count : 0 }

    package func removeAll() {
        guard isUsed else { return }
        isUsed = false
        replacedSet = 0
        writtenSet = 0
        replacesUnknown = false
        change { content in
            content.edits.removeAll(keepingCapacity: true)
            content.lines.removeAll(keepingCapacity: true)
        }
    }

    // MARK: By names of any origin

    /// Replaces every field of that name by one with that value.
    ///
    /// - Returns: false when the edit was refused.
    @discardableResult
    package func set(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        guard let known = Self.editable(name), Self.isValid(value: value) else { return false }
        append(name, value, known: known, replaces: true, isWritten: true)
        return true
    }

    /// Adds a field and keeps those of the same name.
    ///
    /// - Returns: false when the edit was refused, as is an added `host`.
    @discardableResult
    package func add(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        guard let known = Self.editable(name), known != .host, Self.isValid(value: value) else { return false }
        append(name, value, known: known, replaces: false, isWritten: true)
        return true
    }

    /// Leaves out every field of that name.
    ///
    /// - Returns: false when the edit was refused, as is the removal of `host`.
    @discardableResult
    package func remove(_ name: Span<UInt8>) -> Bool {
        guard let known = Self.editable(name), known != .host else { return false }
        append(name, Span(), known: known, replaces: true, isWritten: false)
        return true
    }

    @discardableResult
    package func set(_ name: [UInt8], _ value: [UInt8]) -> Bool { set(name.span, value.span) }
    @discardableResult
    package func add(_ name: [UInt8], _ value: [UInt8]) -> Bool { add(name.span, value.span) }
    @discardableResult
    package func remove(_ name: [UInt8]) -> Bool { remove(name.span) }

    // MARK: By names that were checked before

    @discardableResult
    package func set(_ name: FieldName, _ value: Span<UInt8>) -> Bool {
        guard Self.isValid(value: value) else { return false }
        append(name.bytes.span, value, known: name.known, replaces: true, isWritten: true)
        return true
    }

    @discardableResult
    package func add(_ name: FieldName, _ value: Span<UInt8>) -> Bool {
        guard name.known != .host, Self.isValid(value: value) else { return false }
        append(name.bytes.span, value, known: name.known, replaces: false, isWritten: true)
        return true
    }

    @discardableResult
    package func set(_ name: FieldName, _ value: [UInt8]) -> Bool { set(name, value.span) }
    @discardableResult
    package func add(_ name: FieldName, _ value: [UInt8]) -> Bool { add(name, value.span) }

    package func remove(_ name: FieldName) {
        if name.known == .unknown {
            append(name.bytes.span, Span(), known: .unknown, replaces: true, isWritten: false)
        } else {
            remove(all: name.known.bit)
        }
    }

    /// Leaves out every field whose name is in a set of known ones; framing, hop-by-hop fields and `host` stay.
    package func remove(all set: UInt64) {
        let removed = set & ~(Self.fixedSet | KnownHeader.host.bit | KnownHeader.unknown.bit)
        if writtenSet & removed != 0 {
            change { content in content.silence { removed & $0.known.bit != 0 } }
        }
        replacedSet |= removed
        isUsed = true
    }

    // MARK: Writing

    /// Whether the fields of that name that came with the head are left out.
    func replaces(_ field: HeaderField, in head: Span<UInt8>) -> Bool {
        if field.known != 0 { return (replacedSet &>> UInt64(field.known)) & 1 != 0 }
        guard replacesUnknown else { return false }
        let name = head.extracting(field.nameRange)
        let bytes = lines
        for edit in edits where edit.replaces && Int(edit.nameCount) == name.count {
            if ASCII.equalIgnoringCase(bytes.span.extracting(edit.name), name) { return true }
        }
        return false
    }

    /// Calls `body` with the value that a `set` gives to a known field; false without one.
    func withValue(of known: KnownHeader, _ body: (Span<UInt8>) -> Void) -> Bool {
        guard replacedSet & writtenSet & known.bit != 0 else { return false }
        for edit in edits where edit.known == known && edit.isWritten {
            let bytes = lines
            body(bytes.span.extracting(edit.value))
            return true
        }
        return false
    }

    /// Writes the lines of all edits, that of `host` left out.
    func write(into out: ByteBuffer) {
        let bytes = lines
        for edit in edits where edit.isWritten && edit.known != .host {
            out.append(bytes.span.extracting(edit.line))
        }
    }

    private func append(
        _ name: Span<UInt8>, _ value: Span<UInt8>, known: KnownHeader, replaces: Bool, isWritten: Bool
    ) {
        // Most edits are the only one of their name.
        let mayRepeat = replaces && writtenSet & known.bit != 0
        change { content in
            if mayRepeat { content.silence(name, known: known) }
            let start = content.lines.count
            content.lines.append(copying: name)
            if isWritten {
                content.lines.append(Delimiter.colon)
                content.lines.append(Delimiter.space)
                content.lines.append(copying: value)
                content.lines.append(Delimiter.cr)
                content.lines.append(Delimiter.lf)
            }
            content.edits.append(
                Edit(
                    replaces: replaces, isWritten: isWritten, known: known, nameCount: UInt16(name.count),
                    start: UInt32(start), end: UInt32(content.lines.count)))
        }
        isUsed = true
        if isWritten { writtenSet |= known.bit }
        guard replaces else { return }
        if known == .unknown { replacesUnknown = true } else { replacedSet |= known.bit }
    }

    /// Has `body` change the content outside of its property.
    @inline(__always)
    private func change(_ body: (inout Content) -> Void) {
        var taken = Content()
        swap(&taken, &content)
        body(&taken)
        swap(&taken, &content)
    }

    // MARK: What may be edited

    private static let fixedSet = HopByHop.knownSet | KnownHeader.contentLength.bit

    /// The known name, `.unknown` for others, nil for one that must not be edited.
    static func editable(_ name: Span<UInt8>) -> KnownHeader? {
        guard name.count > 0 && name.count <= FieldLine.nameBytesMax else { return nil }
        guard ByteSet.isToken(name) else { return nil }
        let known = KnownHeader.find(name, at: 0, count: name.count)
        guard fixedSet & known.bit == 0 else { return nil }
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

import Bytes

/// The name of a field that edits may change, checked once: a filter makes its names when it is built, and what it
/// does for each request is left without looking at them again.
package struct FieldName: Sendable {
    package let bytes: [UInt8]
    package let known: KnownHeader

    /// nil for what is no name (RFC 9110 §5.1), for framing and for hop-by-hop fields: no edit can change where a
    /// message ends.
    package init?(_ name: [UInt8]) {
        guard let known = HeaderEdits.editable(name.span) else { return nil }
        self.init(bytes: name, known: known)
    }

    private init(bytes: [UInt8], known: KnownHeader) {
        self.bytes = bytes
        self.known = known
    }

    /// A name of our own, which must be one that can be edited.
    package init(_ name: StaticString) {
        guard let known = HeaderEdits.editable(name.bytes) else { preconditionFailure("not a field to edit: \(name)") }
        self.init(bytes: Array(copying: name.bytes), known: known)
    }
}

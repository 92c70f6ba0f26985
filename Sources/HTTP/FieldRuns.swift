import Bytes
import CHeaderTable

/// Copies the fields of a head that go on to the next hop.
///
/// Field lines stand one behind the other, so a run of lines that all go on is one copy; only lines left out break it.
enum FieldRuns {
    /// - Parameters:
    ///   - start: where the first run begins: at the first field line, or at the start line before it.
    ///   - fieldsStart: where the first field line begins.
    ///   - omitted: known names that the writer makes itself, in addition to what each field's flags say.
    @inline(__always)
    static func write(
        _ fields: borrowing [HeaderField], bytes: Span<UInt8>, from start: Int, fieldsStart: Int, omitted: UInt64,
        edits: HeaderEdits, into out: ByteBuffer
    ) {
        let skippedSet = omitted | edits.replacedSet
        let checksNames = edits.replacesUnknown
        var runStart = start
        var runEnd = fieldsStart
        for index in 0..<fields.count {
            let field = fields[index]
            var isSkipped = field.flags != 0 || (skippedSet &>> UInt64(field.known)) & 1 != 0
            if checksNames && !isSkipped { isSkipped = edits.replaces(field, in: bytes) }
            if isSkipped {
                if runEnd > runStart { out.append(bytes.extracting(runStart..<runEnd)) }
                runStart = Int(field.line_end)
            }
            runEnd = Int(field.line_end)
        }
        if runEnd > runStart { out.append(bytes.extracting(runStart..<runEnd)) }
    }
}

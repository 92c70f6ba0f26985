import Bytes
import CHeaderTable

/// Looking up fields of a head: `knownHeaders` answers most questions without touching the table.
enum FieldTable {
    @inline(__always)
    static func first(_ known: KnownHeader, in fields: borrowing [HeaderField], set: UInt64) -> HeaderField? {
        guard set & known.bit != 0 else { return nil }
        for index in fields.indices where fields[index].known == known.rawValue { return fields[index] }
        return nil
    }

    static func firstIndex(
        named name: Span<UInt8>, in bytes: Span<UInt8>, fields: borrowing [HeaderField]
    ) -> Int? {
        for index in fields.indices where Int(fields[index].name_count) == name.count && !fields[index].isDropped {
            if ASCII.equalIgnoringCase(bytes.extracting(fields[index].nameRange), name) { return index }
        }
        return nil
    }

    static func hasToken(
        _ token: Span<UInt8>, in known: KnownHeader, bytes: Span<UInt8>, fields: borrowing [HeaderField]
    ) -> Bool {
        for index in fields.indices where fields[index].known == known.rawValue {
            var list = TokenList(fields[index].valueRange)
            while let item = list.next(in: bytes) {
                if ASCII.equalIgnoringCase(bytes.extracting(item), token) { return true }
            }
        }
        return false
    }
}

/// A field that means something only when it comes once: two readers may take two of several.
package enum SoleField {
    case absent
    case one(HeaderField)
    case several
}

extension RequestHead {
    package func has(_ known: KnownHeader) -> Bool { knownHeaders & known.bit != 0 }

    /// The first field of that name.
    package func field(_ known: KnownHeader) -> HeaderField? {
        FieldTable.first(known, in: fields, set: knownHeaders)
    }

    /// The first field of that name in a head with those fields.
    package static func field(
        _ known: KnownHeader, in fields: borrowing [HeaderField], set: UInt64
    ) -> HeaderField? {
        FieldTable.first(known, in: fields, set: set)
    }

    /// The field of that name in a head with those fields, if there is one and no other.
    package static func sole(
        _ known: KnownHeader, in fields: borrowing [HeaderField], set: UInt64
    ) -> SoleField {
        guard set & known.bit != 0 else { return .absent }
        var found: HeaderField?
        for index in fields.indices where fields[index].known == known.rawValue {
            guard found == nil else { return .several }
            found = fields[index]
        }
        return found.map { .one($0) } ?? .absent
    }

    /// Index in `fields` of the first field of that name (any case), fields dropped by policy left out.
    package func firstIndex(named lowercase: Span<UInt8>, in bytes: Span<UInt8>) -> Int? {
        FieldTable.firstIndex(named: lowercase, in: bytes, fields: fields)
    }

    /// Whether a field of that name lists `token` (two characters or more, any case) as one of its items.
    package func hasToken(_ token: StaticString, in known: KnownHeader, bytes: Span<UInt8>) -> Bool {
        guard has(known) else { return false }
        return FieldTable.hasToken(token.bytes, in: known, bytes: bytes, fields: fields)
    }

    /// Bytes in a request id that is taken over from a trusted peer.
    package static let requestIDBytesMax = 128

    /// The client's X-Request-Id when it is the only one and 1 to 128 bytes of `[A-Za-z0-9._-]`; whether to believe it
    /// is the caller's decision.
    package func acceptableRequestID(in bytes: Span<UInt8>) -> HeaderField? {
        guard case .one(let found) = Self.sole(.xRequestId, in: fields, set: knownHeaders),
            found.value_count >= 1, Int(found.value_count) <= Self.requestIDBytesMax
        else { return nil }
        for index in found.valueRange where !ByteSet.requestID.contains(bytes[index]) { return nil }
        return found
    }
}

extension ResponseHead {
    package func has(_ known: KnownHeader) -> Bool { knownHeaders & known.bit != 0 }

    /// The first field of that name.
    package func field(_ known: KnownHeader) -> HeaderField? {
        FieldTable.first(known, in: fields, set: knownHeaders)
    }

    /// Index in `fields` of the first field of that name (any case), fields dropped by policy left out.
    package func firstIndex(named lowercase: Span<UInt8>, in bytes: Span<UInt8>) -> Int? {
        FieldTable.firstIndex(named: lowercase, in: bytes, fields: fields)
    }

    /// Whether a field of that name lists `token` (two characters or more, any case) as one of its items.
    package func hasToken(_ token: StaticString, in known: KnownHeader, bytes: Span<UInt8>) -> Bool {
        guard has(known) else { return false }
        return FieldTable.hasToken(token.bytes, in: known, bytes: bytes, fields: fields)
    }
}

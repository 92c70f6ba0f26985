import Bytes
import CHeaderTable

/// What Content-Length and Transfer-Encoding say together about the body, refused when they leave a choice
/// (RFC 9112 §6.3, §11.2): every choice is one that the next server may make differently.
struct FramingFields: Sendable {
    private(set) var contentLength: Int?
    private(set) var isChunked = false

    /// - Throws: for lists, signs, empty values, repetitions (equal ones too) and values past 2^63-1.
    mutating func noteContentLength(_ value: Range<Int>, in bytes: Span<UInt8>) throws(FieldError) {
        guard contentLength == nil else { throw .contentLengthRepeated }
        guard !isChunked else { throw .contentLengthWithTransferEncoding }
        guard !value.isEmpty else { throw .contentLengthInvalid }
        var length = 0
        for index in value {
            let digit = bytes[index] &- 0x30
            guard digit < 10 else { throw .contentLengthInvalid }
            let (product, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = product.addingReportingOverflow(Int(digit))
            guard !overflow && !sumOverflow else { throw .contentLengthTooLarge }
            length = sum
        }
        contentLength = length
    }

    /// - Throws: unless the value is exactly `chunked` in any case, spaces but no tabs around it: a tab there is legal,
    ///   but has been seen only where somebody tried to make two servers disagree.
    mutating func noteTransferEncoding(
        _ field: HeaderField, in bytes: Span<UInt8>, minorVersion: Int
    ) throws(FieldError) {
        guard minorVersion >= 1 else { throw .transferEncodingInHTTP10 }
        guard !isChunked else { throw .transferEncodingRepeated }
        guard contentLength == nil else { throw .contentLengthWithTransferEncoding }
        let value = field.valueRange
        guard ASCII.equalIgnoringCase(bytes.extracting(value), ("chunked" as StaticString).bytes) else {
            throw .transferEncodingUnsupported
        }
        let nameEnd = field.nameRange.upperBound
        let lineEnd = Int(field.line_end)
        for index in nameEnd..<lineEnd where bytes[index] == Delimiter.tab { throw .transferEncodingUnsupported }
        isChunked = true
    }
}

/// Why the field lines of a head were refused, whichever side sent them (RFC 9112 §5 and §6).
package enum FieldError: Error, Equatable, Sendable, CaseIterable {
    case emptyName, invalidNameByte, whitespaceBeforeColon, whitespaceBeforeFirstField, lineFolding
    case bareCarriageReturn, bareLineFeed, controlByteInValue
    case underscoreInName
    case nameTooLong, tooManyFields, fieldsTooLarge, tooManyConnectionOptions
    case contentLengthInvalid, contentLengthTooLarge, contentLengthRepeated
    case transferEncodingUnsupported, transferEncodingRepeated, transferEncodingInHTTP10
    case contentLengthWithTransferEncoding

    /// Whether the fields were well-formed but more than the limits allow.
    package var isLimit: Bool {
        switch self {
        case .nameTooLong, .tooManyFields, .fieldsTooLarge, .tooManyConnectionOptions: true
        default: false
        }
    }

    /// One clause for the log; never sent to a client.
    package var explanation: StaticString {
        switch self {
        case .emptyName: "field line without a name"
        case .invalidNameByte: "field name with a byte that is not a token character"
        case .whitespaceBeforeColon: "whitespace between field name and colon"
        case .whitespaceBeforeFirstField: "whitespace before the first field line"
        case .lineFolding: "folded field line"
        case .bareCarriageReturn: "carriage return without line feed"
        case .bareLineFeed: "line feed without carriage return"
        case .controlByteInValue: "control byte in a field value"
        case .underscoreInName: "field name with an underscore"
        case .nameTooLong: "field name too long"
        case .tooManyFields: "too many field lines"
        case .fieldsTooLarge: "field lines too large"
        case .tooManyConnectionOptions: "too many options in Connection"
        case .contentLengthInvalid: "Content-Length is not one decimal number"
        case .contentLengthTooLarge: "Content-Length too large"
        case .contentLengthRepeated: "more than one Content-Length"
        case .transferEncodingUnsupported: "Transfer-Encoding is not exactly chunked"
        case .transferEncodingRepeated: "more than one Transfer-Encoding"
        case .transferEncodingInHTTP10: "Transfer-Encoding in an HTTP/1.0 message"
        case .contentLengthWithTransferEncoding: "Content-Length with Transfer-Encoding"
        }
    }
}

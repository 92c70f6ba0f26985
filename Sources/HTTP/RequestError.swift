/// Why a request head was refused. After any of these the connection cannot be used further: where the next request
/// would begin is unknown.
package enum RequestError: Error, Equatable, Sendable, CaseIterable {
    case tooManyEmptyLines, bareCarriageReturn, bareLineFeed
    case methodMissing, invalidMethodByte, methodTooLong
    case targetMissing, invalidTargetByte, fragmentInTarget, targetFormInvalid, targetFormNotForMethod
    case targetAuthorityInvalid
    case versionMalformed, versionNotSupported
    case lineTooLong
    case hostMissing, hostRepeated, hostInvalid
    case field(FieldError)

    /// The class of answer; the status itself is decided in `DataPlane/ErrorResponse`.
    package enum Kind: Sendable {
        case badRequest, uriTooLong, headersTooLarge, versionNotSupported, notImplemented
    }

    package static var allCases: [RequestError] {
        [
            .tooManyEmptyLines, .bareCarriageReturn, .bareLineFeed, .methodMissing, .invalidMethodByte, .methodTooLong,
            .targetMissing, .invalidTargetByte, .fragmentInTarget, .targetFormInvalid, .targetFormNotForMethod,
            .targetAuthorityInvalid, .versionMalformed, .versionNotSupported, .lineTooLong, .hostMissing,
            .hostRepeated, .hostInvalid,
        ] + FieldError.allCases.map(RequestError.field)
    }

    package var kind: Kind {
        switch self {
        case .lineTooLong: .uriTooLong
        case .versionNotSupported: .versionNotSupported
        case .field(let error): error.isLimit ? .headersTooLarge : .badRequest
        default: .badRequest
        }
    }

    /// One clause for the log; never sent to a client.
    package var explanation: StaticString {
        switch self {
        case .tooManyEmptyLines: "too many empty lines before the request line"
        case .bareCarriageReturn: "carriage return without line feed"
        case .bareLineFeed: "line feed without carriage return"
        case .methodMissing: "request line without a method"
        case .invalidMethodByte: "method with a byte that is not a token character"
        case .methodTooLong: "method too long"
        case .targetMissing: "request line without a target"
        case .invalidTargetByte: "control, space or non-ASCII byte in the target"
        case .fragmentInTarget: "fragment in the target"
        case .targetFormInvalid: "target of no known form"
        case .targetFormNotForMethod: "target form does not fit the method"
        case .targetAuthorityInvalid: "malformed authority in the target"
        case .versionMalformed: "malformed HTTP version"
        case .versionNotSupported: "HTTP major version not supported"
        case .lineTooLong: "request line too long"
        case .hostMissing: "no Host"
        case .hostRepeated: "more than one Host"
        case .hostInvalid: "malformed Host"
        case .field(let error): error.explanation
        }
    }
}

/// Why a response head from an upstream was refused; the client gets 502 and the upstream connection is closed.
package enum ResponseError: Error, Equatable, Sendable, CaseIterable {
    case versionMalformed, versionNotSupported, statusMalformed, invalidReasonByte
    case bareCarriageReturn, bareLineFeed, lineTooLong
    /// A 1xx or 204 that announces content (RFC 9110 §8.6, RFC 9112 §6.1).
    case contentNotAllowed
    case field(FieldError)

    package static var allCases: [ResponseError] {
        [
            .versionMalformed, .versionNotSupported, .statusMalformed, .invalidReasonByte, .bareCarriageReturn,
            .bareLineFeed, .lineTooLong, .contentNotAllowed,
        ] + FieldError.allCases.map(ResponseError.field)
    }

    /// One clause for the log; never sent to a client.
    package var explanation: StaticString {
        switch self {
        case .versionMalformed: "malformed HTTP version in the status line"
        case .versionNotSupported: "HTTP major version not supported"
        case .statusMalformed: "status is not three digits from 100 to 599"
        case .invalidReasonByte: "control byte in the reason phrase"
        case .bareCarriageReturn: "carriage return without line feed"
        case .bareLineFeed: "line feed without carriage return"
        case .lineTooLong: "status line too long"
        case .contentNotAllowed: "content announced in a response that cannot have any"
        case .field(let error): error.explanation
        }
    }
}

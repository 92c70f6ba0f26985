/// Why a chunked body was refused (RFC 9112 §7.1); the framing is lost, so the connection must close.
package enum ChunkError: Error, Equatable, Sendable, CaseIterable {
    case sizeMissing, sizeInvalid, sizeTooLong, sizeOverflow
    case extensionInvalid, extensionsTooLarge
    case lineEndInvalid, dataEndInvalid
    case trailerTooLarge
    case trailer(FieldError)

    package static var allCases: [ChunkError] {
        [
            .sizeMissing, .sizeInvalid, .sizeTooLong, .sizeOverflow, .extensionInvalid, .extensionsTooLarge,
            .lineEndInvalid, .dataEndInvalid, .trailerTooLarge,
        ] + FieldError.allCases.map(ChunkError.trailer)
    }

    /// One clause for the log; never sent to a client.
    package var explanation: StaticString {
        switch self {
        case .sizeMissing: "chunk without a size"
        case .sizeInvalid: "chunk size is not hexadecimal"
        case .sizeTooLong: "chunk size with more than 16 digits"
        case .sizeOverflow: "chunk size too large"
        case .extensionInvalid: "control byte in a chunk extension"
        case .extensionsTooLarge: "chunk extensions too large"
        case .lineEndInvalid: "chunk size line does not end in CRLF"
        case .dataEndInvalid: "chunk data not followed by CRLF"
        case .trailerTooLarge: "trailer section too large"
        case .trailer(let error): error.explanation
        }
    }
}

/// Why the path of a request target was refused by `PathNormalizer`; the answer is 400.
package enum TargetError: Error, Equatable, Sendable, CaseIterable {
    case notAbsolute, invalidByte, backslash, invalidEscape
    case encodedSlash, encodedBackslash, encodedControlByte
    case aboveRoot

    /// One clause for the log; never sent to a client.
    package var explanation: StaticString {
        switch self {
        case .notAbsolute: "path does not begin with a slash"
        case .invalidByte: "byte that cannot stand in a path"
        case .backslash: "backslash in the path"
        case .invalidEscape: "invalid percent escape"
        case .encodedSlash: "encoded slash in the path"
        case .encodedBackslash: "encoded backslash in the path"
        case .encodedControlByte: "encoded control byte in the path"
        case .aboveRoot: "dot segments lead above the root"
        }
    }
}

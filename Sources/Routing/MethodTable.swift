import HTTP

/// The method tokens that some routes name, each a bit: the known methods first, then what else the configuration has.
struct MethodTable {
    /// Every method, also those that no route names.
    static let all = ~UInt64(0)
    /// The bit of a token that no route names; only a route for all methods has it set.
    static let unnamed = UInt64(1) << 63
    /// The number of the first bit that the configuration gave a name.
    static let customStart: UInt64 = 9
    /// Names past this many do not fit the set.
    static let customCountMax = 54

    private(set) var custom: [[UInt8]] = []

    /// The bit of a configured token, or nil when there are more than a set can hold.
    mutating func bit(naming token: String) -> UInt64? {
        for method in Method.allCases where method != .other && "\(method.name)" == token {
            return 1 << UInt64(method.rawValue)
        }
        let bytes = Array(token.utf8)
        if let index = custom.firstIndex(of: bytes) { return 1 << (MethodTable.customStart + UInt64(index)) }
        guard custom.count < MethodTable.customCountMax else { return nil }
        custom.append(bytes)
        return 1 << (MethodTable.customStart + UInt64(custom.count - 1))
    }

    /// The bit of a request's method. Tokens are case-sensitive (RFC 9110 §9.1).
    func bit(of method: Method, token: Span<UInt8>) -> UInt64 {
        // By the raw value: `==` of another module's enum is a call through its conformance.
        let number = UInt64(method.rawValue)
        if number < MethodTable.customStart { return 1 << number }
        for index in custom.indices {
            let name = custom[index]
            if equal(token, name.span) { return 1 << (MethodTable.customStart + UInt64(index)) }
        }
        return MethodTable.unnamed
    }

    /// The names in `set`, sorted.
    func names(in set: UInt64) -> [String] {
        var names: [String] = []
        for method in Method.allCases where method != .other && set & (1 << UInt64(method.rawValue)) != 0 {
            names.append("\(method.name)")
        }
        for (index, token) in custom.enumerated()
        where set & (1 << (MethodTable.customStart + UInt64(index))) != 0 {
            names.append(String(decoding: token, as: UTF8.self))
        }
        return names.sorted()
    }

    static let get = UInt64(1) << UInt64(Method.get.rawValue)
    static let head = UInt64(1) << UInt64(Method.head.rawValue)
}

/// Whether both spans hold the same bytes. In this module, so that the loop is not a call into another.
func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in left.indices where left[index] != right[index] { return false }
    return true
}

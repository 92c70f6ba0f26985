extension SecretMask {
    /// The same document with every text in it masked; member names are ours, and stay.
    package func masked(_ json: JSONText) -> JSONText {
        guard !isEmpty else { return json }
        switch json {
        case .string(let text): return .string(masked(text))
        case .array(let values): return .array(values.map(masked))
        case .members(let members): return .object(members.map { ($0.name, masked($0.value)) })
        case .null, .boolean, .integer, .number: return json
        }
    }
}

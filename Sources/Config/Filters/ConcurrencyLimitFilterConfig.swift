/// `concurrency-limit`: how many requests may be under way at once.
package struct ConcurrencyLimitFilterConfig: Sendable, Equatable {
    package var max = 0
    package var keys: [LimitKeyConfig] = [.global]
    package var isShadow = false
    package var keysMax = 16_384

    package init() {}
}

/// The description of `concurrency-limit`.
enum ConcurrencyLimitFilterSchema {
    static let object = ObjectSchema(
        "concurrency-limit-middleware", "How many requests may be under way at once; 429 past it.",
        empty: ConcurrencyLimitFilterConfig(),
        fields: [
            .required("max", \.max, .integer(1...10_000_000), "Requests under way for each key."),
            .field("key", \.keys, .limitKeys, "What is counted by."),
            .field("shadow", \.isShadow, .bool, "Count and tell, but let everything pass."),
            .field(
                "max_keys", \.keysMax, .integer(1024...(1 << 22)),
                "Counters; keys beyond share them. 8 bytes each."),
        ])
}

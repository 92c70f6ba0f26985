/// `rate-limit`: how many requests may pass in a time.
package struct RateLimitFilterConfig: Sendable, Equatable {
    /// So many in so long, and so many at once.
    package struct Rate: Sendable, Equatable {
        package var count: Int
        package var period: Duration
        package var burst: Int

        package init(count: Int, period: Duration, burst: Int? = nil) {
            self.count = count
            self.period = period
            self.burst = burst ?? count
        }
    }

    package var limits: [Rate] = []
    package var keys: [LimitKeyConfig] = [.client]
    package var cost = 1
    /// Counts and tells, but lets everything pass.
    package var isShadow = false
    package var headers = true
    package var keysMax = 65_536
    /// Where several gateways count together; nil: this process counts alone.
    package var redis: RedisURL?
    package var redisTimeout: Duration = .milliseconds(50)
    package var onStoreError = StoreError.local

    /// What becomes of a request when the shared counters do not answer.
    package enum StoreError: String, Sendable, CaseIterable {
        /// This process counts alone meanwhile.
        case local
        case allow, deny
    }

    package init() {}
}

/// The description of `rate-limit`.
enum RateLimitFilterSchema {
    struct Draft: Sendable {
        var perSecond: Int?
        var perMinute: Int?
        var perHour: Int?
        var burst: Int?
        var scope = Scope.local
        var config = RateLimitFilterConfig()
    }

    enum Scope: String, Sendable, CaseIterable { case local, redis }

    private static let redisURL = ValueSchema<String>.text("Redis URL", ["type": "string"]).map { text, node, context in
        if let url = RedisURL(text) { return RedisURL?.some(url) }
        context.report(
            .invalidURL, "this is not the URL of a Redis", at: node.position,
            hint: "write redis://host:6379/0, or redis://:password@host:6379/0")
        return nil
    }

    private static let count = ValueSchema<Int>.integer(1...1_000_000_000)

    /// `100/s`, `1000/min`, `5/h`.
    private static let rate = ValueSchema<String>.text(
        "rate such as 100/s, 1000/min or 5/h", ["type": "string", "pattern": #"^[0-9]+/(s|min|h|d)$|\$\{"#]
    )
    .map { text, node, context in
        let periods: [String: Int] = ["s": 1, "min": 60, "h": 3600, "d": 86_400]
        guard let (number, unit) = text.splitOnce("/"), let count = Int(number), (1...1_000_000_000).contains(count),
            number.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = periods[unit]
        else {
            context.report(
                .invalidValue, "\(node.summary) is not a rate", at: node.position,
                hint: "write 100/s, 1000/min, 5/h or 10/d")
            return RateLimitFilterConfig.Rate?.none
        }
        return RateLimitFilterConfig.Rate(count: count, period: .seconds(seconds))
    }

    private struct RateDraft: Sendable {
        var rate = RateLimitFilterConfig.Rate(count: 1, period: .seconds(1))
        var burst: Int?
    }

    private static let limit = ValueSchema<RateLimitFilterConfig.Rate>.either(
        rate,
        ObjectSchema(
            "rate", "A rate with a burst of its own.", empty: RateDraft(),
            fields: [
                .required("rate", \.rate, rate, "So many in so long."),
                .optional("burst", \.burst, count, "So many at once; left out: as many as the rate says."),
            ]
        ).value.map { draft, _, _ in
            RateLimitFilterConfig.Rate(count: draft.rate.count, period: draft.rate.period, burst: draft.burst)
        })

    static let filter: ValueSchema<RateLimitFilterConfig> = object.value.map { draft, node, context in
        var config = draft.config
        let single: [(String, Int?, Int)] = [
            ("requests_per_second", draft.perSecond, 1), ("requests_per_minute", draft.perMinute, 60),
            ("requests_per_hour", draft.perHour, 3600),
        ]
        let written = single.filter { $0.1 != nil }
        guard written.count + (config.limits.isEmpty ? 0 : 1) == 1 else {
            context.report(
                written.isEmpty && config.limits.isEmpty ? .missingKey : .conflictingKeys,
                written.isEmpty && config.limits.isEmpty
                    ? "a rate limit needs a rate" : "a rate limit has one way to say its rate", at: node.position,
                hint: "write one of requests_per_second, requests_per_minute, requests_per_hour and limits")
            return RateLimitFilterConfig?.none
        }
        if let count = written.first?.1, let seconds = written.first?.2 {
            config.limits = [.init(count: count, period: .seconds(seconds), burst: draft.burst)]
        } else if draft.burst != nil {
            context.report(
                .conflictingKeys, "burst belongs to one of the limits", at: node["burst"]?.position ?? node.position,
                hint: "write { rate: 10/s, burst: 20 }")
            return nil
        }
        guard (draft.scope == .redis) == (config.redis != nil) else {
            context.report(
                .conflictingKeys,
                draft.scope == .redis
                    ? "a shared limit needs the key \"redis\"" : "redis is of use with scope: redis alone",
                at: node["redis"]?.position ?? node.position)
            return nil
        }
        if let small = config.limits.first(where: { $0.burst < config.cost }) {
            context.report(
                .outOfRange, "a request costs \(config.cost), and a burst of \(small.burst) never has that",
                at: node.position)
            return nil
        }
        return config
    }

    static let object = ObjectSchema(
        "rate-limit-middleware", "How many requests may pass in a time (GCRA).", empty: Draft(),
        fields: [
            .optional("requests_per_second", \.perSecond, count, "So many a second."),
            .optional("requests_per_minute", \.perMinute, count, "So many a minute."),
            .optional("requests_per_hour", \.perHour, count, "So many an hour."),
            .optional("burst", \.burst, count, "So many at once; left out: as many as the rate says."),
            .field(
                "limits", \.config.limits, .list(of: limit),
                "Several rates, all of which must hold, in place of the keys above."),
            .field(
                "key", \.config.keys, .limitKeys,
                "What is counted by. Left out: the consumer, else the client's address."),
            .field("cost", \.config.cost, .integer(1...1_000_000), "What a request counts as."),
            .field("shadow", \.config.isShadow, .bool, "Count and tell, but let everything pass."),
            .field("headers", \.config.headers, .bool, "Tell clients by `RateLimit` and `RateLimit-Policy`."),
            .field(
                "scope", \.scope, .choice(of: Scope.allCases),
                "`local`: this process counts; `redis`: several gateways count together."),
            .optional("redis", \.config.redis, redisURL, "`redis://[[user]:password@]host[:port][/database]`.").secret,
            .field("redis_timeout", \.config.redisTimeout, TimeoutsSchema.any, "How long a request waits for Redis."),
            .field(
                "on_store_error", \.config.onStoreError, .choice(of: RateLimitFilterConfig.StoreError.allCases),
                "When Redis does not answer: `local` counters of this process, `allow`, or `deny` with 503."),
            .field(
                "max_keys", \.config.keysMax, .integer(1024...(1 << 24)),
                "Keys that have a counter of their own at a time; 16 bytes each, for each rate."),
        ])
}

import Bytes

/// How long to leave files alone that somebody is still writing to.
struct SettlingTime {
    /// In debounce times: noise in the same directory, such as a log, must not put off a look for ever.
    static let waitMax: Int64 = 10

    private let start: Instant
    private var lastNoise: Instant

    init(now: Instant) {
        start = now
        lastNoise = now
    }

    /// Whether it is time to look.
    ///
    /// - Parameter hasNoise: whether anything happened since the last call.
    mutating func isOver(now: Instant, hasNoise: Bool, debounce: Duration) -> Bool {
        if hasNoise { lastNoise = now }
        let quiet = debounce.nanoseconds
        let (longest, overflow) = quiet.multipliedReportingOverflow(by: Self.waitMax)
        return now.nanoseconds(since: lastNoise) >= quiet
            || now.nanoseconds(since: start) >= (overflow ? .max : longest)
    }
}

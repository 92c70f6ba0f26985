/// The filters of one route on one worker, in the order of the route.
package final class FilterChain {
    package let filters: [any Filter]
    /// The largest need of any filter in the chain; decides whether bodies pass by, through, or into memory.
    package let requestBodyNeed: BodyNeed
    package let responseBodyNeed: BodyNeed

    /// - Parameter filters: in the order of the route; those that answer preflights come first all the same.
    package init(_ filters: [any Filter]) {
        let filters = filters.filter { $0 is CORSFilter } + filters.filter { !($0 is CORSFilter) }
        self.filters = filters
        answersPreflights = filters.first is CORSFilter
        for (slot, filter) in filters.enumerated() { filter.place(at: slot) }
        hasResponsePhase = filters.contains { $0.phases.contains(.response) }
        hasLogPhase = filters.contains { $0.phases.contains(.log) }
        streamsRequest = filters.contains { $0.requestBodyNeed == .stream }
        streamsResponse = filters.contains { $0.responseBodyNeed == .stream }
        requestBodyNeed = filters.reduce(.none) { $0.combined(with: $1.requestBodyNeed) }
        responseBodyNeed = filters.reduce(.none) { $0.combined(with: $1.responseBodyNeed) }
    }

    /// Whether any filter takes part in that phase.
    package let hasResponsePhase: Bool
    package let hasLogPhase: Bool
    /// It takes OPTIONS requests of browsers, whatever the methods of its route.
    package let answersPreflights: Bool
    /// Whether any filter takes bodies in chunks.
    package let streamsRequest: Bool
    package let streamsResponse: Bool

    package var count: Int { filters.count }
}

extension BodyNeed {
    /// The need that serves both: buffering serves a streaming filter too, the smaller limit binds.
    package func combined(with other: BodyNeed) -> BodyNeed {
        switch (self, other) {
        case (.buffer(let left), .buffer(let right)): .buffer(limit: min(left, right))
        case (.buffer, _), (_, .none): self
        case (_, .buffer), (.none, _): other
        case (.stream, .stream): .stream
        }
    }
}

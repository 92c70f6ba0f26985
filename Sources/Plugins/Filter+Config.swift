package import Config

/// Builds a worker's filter instances from what the operator wrote; the one file that sees both sides.
package enum FilterFactory {
    /// A new instance of the filter that `config` describes, for one worker; nil for a script that is not in the
    /// context.
    package static func makeFilter(_ config: MiddlewareConfig, _ context: FilterContext) -> (any Filter)? {
        switch config.filter {
        case .lua(let lua):
            context.scripts.filter(named: config.name, lua)
        case .headers(let headers):
            HeadersFilter(name: config.name, request: edits(headers.request), response: edits(headers.response))
        case .requestSize(let size):
            RequestSizeFilter(name: config.name, limit: size.body, requiresLength: size.requireContentLength)
        }
    }

    private static func edits(_ config: HeadersFilterConfig.Edits) -> HeadersFilter.Edits {
        var edits = HeadersFilter.Edits()
        edits.remove = config.remove.map { Array($0.utf8) }
        edits.set = config.set.map(pair)
        edits.add = config.add.map(pair)
        return edits
    }

    private static func pair(_ line: HeaderLine) -> HeaderPair {
        HeaderPair(name: Array(line.name.utf8), value: Array(line.value.utf8))
    }
}

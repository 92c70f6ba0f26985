/// The exposition formats of `/metrics`, and which of them a scraper's `Accept` asks for (RFC 9110 §12.5.1).
package enum MetricsFormat: Sendable, Equatable {
    case text, openMetrics

    package var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// OpenMetrics only where it is named, in a version we speak, with a weight no less than that of plain text: a
    /// browser that accepts everything gets the text.
    package static func preferred(accept: String?) -> MetricsFormat {
        guard let accept else { return .text }
        var openMetricsWeight = 0.0
        var textWeight = 0.0
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.trimmingSpaces().lowercased() }
            guard let type = parts.first else { continue }
            let weight = parameter("q", in: parts).flatMap(Double.init) ?? 1
            switch type {
            case "application/openmetrics-text":
                let version = parameter("version", in: parts)
                if version == nil || version == "1.0.0" { openMetricsWeight = max(openMetricsWeight, weight) }
            case "text/plain": textWeight = max(textWeight, weight)
            default: break
            }
        }
        return openMetricsWeight > 0 && openMetricsWeight >= textWeight ? .openMetrics : .text
    }

    private static func parameter(_ name: String, in parts: [String]) -> String? {
        parts.dropFirst().first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return start.prefix(0) }
        return start[...end]
    }
}

import Config
import Routing

extension RequestExplanation {
    /// Whether the request would be answered by a route.
    package var isRouted: Bool { routing?.route != nil }

    /// Lines for a person.
    package var text: String {
        var lines = ["\(method) \(RequestURL.target(path: url.path, query: url.query)) for host \"\(url.authority)\""]
        if let normalPath, normalPath != url.path { lines.append("path, normalised: \(normalPath)") }
        let described = routing.map { $0.describe().split(separator: "\n").map(String.init) } ?? []
        let split = described.firstIndex(of: "not taken:") ?? described.endIndex
        lines += described[..<split]
        if let position { lines.append("  at: \(position)") }
        if !filters.isEmpty { lines.append("filters, in order: " + filters.map(Self.title).joined(separator: ", ")) }
        lines.append(outcomeText)
        lines += described[split...]
        return lines.joined(separator: "\n")
    }

    private static func title(_ filter: (name: String, type: String)) -> String {
        filter.name == filter.type ? filter.name : "\(filter.name) (\(filter.type))"
    }

    private var outcomeText: String {
        switch outcome {
        case .forward(let upstreams, let target, let host):
            let hostText = host.map { " with host \($0)" } ?? ""
            return "forward: \(method) \(target)\(hostText) to upstream \(upstreams.joined(separator: " or "))"
        case .redirect(let status, let location): return "answer: \(status) with location \(location)"
        case .respond(let status): return "answer: \(status)"
        case .refuse(let status, let code, let why): return "answer: \(status) \(code): \(why)"
        }
    }

    /// The same for programs.
    package var json: JSONText {
        let misses = (routing?.nearMisses ?? []).map { miss in
            JSONText.object([
                ("route", .string(miss.route)), ("position", .string(miss.position)),
                ("reasons", .array(miss.reasons.map { .string($0) })),
                ("lost_by_rule", miss.lostByRule.map { .integer($0) } ?? .null),
            ])
        }
        let captures = (routing?.captures ?? []).map { ($0.name, JSONText.string($0.value)) }
        return .object([
            ("method", .string(method)), ("host", .string(url.authority)), ("path", .optional(normalPath)),
            ("query", .string(url.query)), ("route", .optional(routing?.route)),
            ("position", .optional(position?.description)), ("parameters", .object(captures)),
            (
                "filters",
                .array(filters.map { .object([("name", .string($0.name)), ("type", .string($0.type))]) })
            ),
            ("outcome", outcomeJSON), ("near_misses", .array(misses)),
        ])
    }

    private var outcomeJSON: JSONText {
        switch outcome {
        case .forward(let upstreams, let target, let host):
            .object([
                ("kind", .string("forward")), ("upstreams", .array(upstreams.map { .string($0) })),
                ("target", .string(target)), ("host", .optional(host)),
            ])
        case .redirect(let status, let location):
            .object([
                ("kind", .string("redirect")), ("status", .integer(status)), ("location", .string(location)),
            ])
        case .respond(let status):
            .object([("kind", .string("respond")), ("status", .integer(status))])
        case .refuse(let status, let code, let why):
            .object([
                ("kind", .string("refuse")), ("status", .integer(status)), ("code", .string(code)),
                ("why", .string(why)),
            ])
        }
    }
}

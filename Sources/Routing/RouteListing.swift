package import Config

/// One row of `gateway routes`.
package struct ListedRoute: Sendable, Equatable {
    package var name: String
    /// Index into the configuration's routes.
    package var index: Int
    /// Empty: any.
    package var hosts: [String]
    package var path: String
    /// As served, HEAD by GET included; empty: all.
    package var methods: [String]
    /// Such as `header x-beta = 1`.
    package var conditions: [String]
    package var action: String
    package var position: SourcePosition
}

extension RouteTable {
    /// All routes in the order in which they are tried for a request that fits several; a route of several hosts
    /// stands at its most specific one.
    package func listing() -> [ListedRoute] {
        shapes.sorted(by: Precedence.isListedFirst).map { shape in
            let headers = shape.headers.map { "header \($0.name) \($0.testText)" }
            let query = shape.query.map { "query \($0.name) \($0.testText)" }
            return ListedRoute(
                name: shape.name, index: shape.index, hosts: shape.hosts == [[]] ? [] : shape.hostsText,
                path: shape.pathText, methods: shape.methods == nil ? [] : methods.names(in: shape.admitted),
                conditions: headers + query, action: summary(ofActionOf: shape.index), position: shape.position)
        }
    }
}

extension RouteAction {
    /// - Parameter shownLocation: stands in place of a redirect's location.
    func summary(showing shownLocation: String?) -> String {
        switch self {
        case .upstream(let upstream): "upstream \(upstream.name)"
        case .split(let targets):
            "split " + targets.map { "\($0.upstream.name) \($0.weight)" }.joined(separator: ", ")
        case .redirect(let status, let location): "redirect \(status) \(shownLocation ?? location)"
        case .respond(let status, _, _): "respond \(status)"
        }
    }
}

extension RouteShape {
    var hostsText: [String] { hosts.map { $0.isEmpty ? "any host" : String(decoding: $0, as: UTF8.self) } }

    var pathText: String {
        switch path {
        case .regex(let regex): return "regex \(regex.pattern)"
        case .pattern(let pattern):
            var text = ""
            for segment in pattern.segments {
                switch segment {
                case .literal(let bytes): text += "/" + String(decoding: bytes, as: UTF8.self)
                case .parameter(let name): text += "/{\(name)}"
                }
            }
            return pattern.isPrefix ? text + "/*" : text
        }
    }
}

extension RouteShape.Condition {
    var testText: String {
        switch test {
        case .exact(let value): "= \(shown ?? value)"
        case .regex(let regex): "~ \(shown ?? regex.pattern)"
        case .present: "present"
        case .absent: "absent"
        }
    }
}

/// Why a request gets the route that it gets, for `gateway explain`. Plain values, for a person or as JSON.
package struct Explanation: Sendable, Equatable {
    package enum Verdict: String, Sendable { case route, methodNotAllowed, notFound }

    /// A captured parameter; `*` is what a prefix left over.
    package struct Capture: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    /// A route that did not get the request.
    package struct NearMiss: Sendable, Equatable {
        package var route: String
        /// Where the route stands in the configuration.
        package var position: String
        /// What did not fit, one sentence each; of a route that fitted, the rule by which it gave way.
        package var reasons: [String]
        /// The number of that rule, as `docs/routing.md` counts them; nil when the route did not fit at all.
        package var lostByRule: Int?
    }

    package var verdict: Verdict
    /// Index of the winner into the configuration's routes.
    package var routeIndex: Int?
    package var route: String?
    package var captures: [Capture] = []
    /// The value of `Allow`, when the method is what is wrong.
    package var allow: String?
    /// The nearest first; at most as many as were asked for.
    package var nearMisses: [NearMiss] = []

    /// The explanation as lines of text.
    package func describe() -> String {
        var lines: [String] = []
        switch verdict {
        case .route: lines.append("route: \(route ?? "")")
        case .methodNotAllowed: lines.append("no route: 405 Method Not Allowed, Allow: \(allow ?? "")")
        case .notFound: lines.append("no route: 404 Not Found")
        }
        for capture in captures { lines.append("  {\(capture.name)} = \(capture.value)") }
        if !nearMisses.isEmpty { lines.append("not taken:") }
        for miss in nearMisses {
            lines.append("  \(miss.route) (\(miss.position))")
            for reason in miss.reasons { lines.append("    \(reason)") }
        }
        return lines.joined(separator: "\n")
    }
}

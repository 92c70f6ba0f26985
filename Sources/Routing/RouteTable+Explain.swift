import Bytes
import CHeaderTable
import Config
package import HTTP

extension RouteTable {
    /// Routes a request given as text and tells why, by the same look-up that workers use.
    ///
    /// - Parameters:
    ///   - path: normalised, without query.
    ///   - query: without its question mark; empty when there is none.
    ///   - headers: name and value of each field line.
    ///   - missesMax: how many routes that did not get it are told of.
    package func explain(
        method: String, authority: String, path: String, query: String = "",
        headers: [(name: String, value: String)] = [],
        missesMax: Int = 10
    ) -> Explanation {
        let probe = RequestProbe(method: method, authority: authority, path: path, query: query, headers: headers)
        var captures = PathCaptures()
        let outcome = match(probe, captures: &captures)
        var explanation = Explanation(verdict: .notFound)
        switch outcome {
        case .route(let index):
            explanation.verdict = .route
            explanation.routeIndex = index
            explanation.route = shapes[index].name
            explanation.captures = named(captures, of: index, path: probe.path)
        case .methodNotAllowed(let allow):
            explanation.verdict = .methodNotAllowed
            explanation.allow = String(decoding: allowValue(allow), as: UTF8.self)
        case .notFound: break
        }
        explanation.nearMisses = nearMisses(of: probe, winner: explanation.routeIndex, atMost: missesMax)
        return explanation
    }

    /// The look-up, for a request given as text.
    package func match(_ probe: RequestProbe, captures: inout PathCaptures) -> Outcome {
        match(
            method: probe.method, methodToken: probe.methodToken.span, authority: probe.authority.span,
            path: probe.path.span, query: probe.query.span, fields: probe.head.fields.span,
            knownHeaders: probe.head.knownHeaders, bytes: probe.bytes.span,
            captures: &captures)
    }

    private func named(_ captures: PathCaptures, of route: Int, path: [UInt8]) -> [Explanation.Capture] {
        var named = zip(parameterNames(route), captures.parameters).map { name, range in
            Explanation.Capture(name: name, value: String(decoding: path[range], as: UTF8.self))
        }
        if case .pattern(let pattern) = shapes[route].path, pattern.isPrefix {
            named.append(
                Explanation.Capture(name: "*", value: String(decoding: path[captures.rest], as: UTF8.self)))
        }
        return named
    }

    private func nearMisses(of probe: RequestProbe, winner: Int?, atMost count: Int) -> [Explanation.NearMiss] {
        var misses: [(distance: Int, shape: RouteShape, reasons: [String], rule: Int?)] = []
        for shape in shapes where shape.index != winner {
            let (reasons, distance) = mismatches(shape, probe)
            if reasons.isEmpty, let winner {
                let rule = Precedence.decidingRule(shapes[winner], shape, host: probe.hostName)
                let reason = "fits, but gave way by rule \(rule.rawValue): \(rule.summary)"
                misses.append((0, shape, [reason], rule.rawValue))
            } else if distance < 100 {
                misses.append((distance, shape, reasons, nil))
            }
        }
        let nearest = misses.sorted { ($0.distance, $0.shape.index) < ($1.distance, $1.shape.index) }.prefix(count)
        return nearest.map { miss in
            Explanation.NearMiss(
                route: miss.shape.name, position: miss.shape.position.description, reasons: miss.reasons,
                lostByRule: miss.rule)
        }
    }

    /// What of a route does not fit, and how far off it is; 100 and more is no near miss.
    private func mismatches(_ shape: RouteShape, _ probe: RequestProbe) -> (reasons: [String], distance: Int) {
        var reasons: [String] = []
        var distance = 0
        if !shape.hosts.contains(where: { HostTable.covers($0, probe.hostName) }) {
            reasons.append("host: \(probe.hostText) is none of \(shape.hostsText.joined(separator: ", "))")
            distance += 4
        }
        if let (reason, isFar) = pathMismatch(shape, probe) {
            reasons.append(reason)
            distance += isFar ? 100 : 4
        }
        if methods.bit(of: probe.method, token: probe.methodToken.span) & shape.admitted == 0 {
            let names = methods.names(in: shape.admitted).joined(separator: ", ")
            reasons.append("method: \(String(decoding: probe.methodToken, as: UTF8.self)) is none of \(names)")
            distance += 1
        }
        let results = conditionResults(shape, probe)
        for (number, condition) in (shape.headers + shape.query).enumerated() where !results[number] {
            let kind = number < shape.headers.count ? "header" : "query"
            reasons.append("\(kind) \(condition.name): is not \(condition.testText)")
            distance += 1
        }
        return (reasons, distance)
    }

    private func pathMismatch(_ shape: RouteShape, _ probe: RequestProbe) -> (reason: String, isFar: Bool)? {
        let path = String(decoding: probe.path, as: UTF8.self)
        switch shape.path {
        case .regex(let regex):
            return regex.matches(probe.path.span) ? nil : ("path: \(path) does not match \(regex.pattern)", true)
        case .pattern(let pattern):
            guard let fitting = pattern.mismatch(probe.path) else { return nil }
            return ("path: \(path) does not fit \(shape.pathText)", fitting == 0)
        }
    }

    private func conditionResults(_ shape: RouteShape, _ probe: RequestProbe) -> [Bool] {
        let range = index.predicates.ranges[shape.index]
        return range.map { number in
            let fields = probe.head.fields
            let request = RouteRequest(
                path: probe.path.span, query: probe.query.span, bytes: probe.bytes.span, fields: fields.span,
                knownHeaders: probe.head.knownHeaders, methodBit: 0)
            return index.predicates.hold(from: number, count: 1, for: request)
        }
    }
}

/// A request given as text, in the form that a look-up wants: for explanations, and for the tests of a configuration.
package struct RequestProbe: Sendable {
    package let method: Method
    package let methodToken: [UInt8]
    package let authority: [UInt8]
    package let path: [UInt8]
    package let query: [UInt8]
    package let head: RequestHead
    /// What the fields of `head` are offsets into.
    package let bytes: [UInt8]

    package init(
        method: String, authority: String, path: String, query: String = "",
        headers: [(name: String, value: String)] = []
    ) {
        self.method = Method.allCases.first { $0 != .other && "\($0.name)" == method } ?? .other
        methodToken = Array(method.utf8)
        self.authority = Array(authority.utf8)
        self.path = Array(path.utf8)
        self.query = Array(query.utf8)
        var head = RequestHead()
        head.method = self.method
        var bytes: [UInt8] = []
        for (name, value) in headers {
            var field = HeaderField()
            let known = KnownHeader.allCases.first { $0 != .unknown && "\($0.name)" == name.lowercased() }
            field.known = known?.rawValue ?? 0
            field.name_start = UInt32(bytes.count)
            field.name_count = UInt16(clamping: name.utf8.count)
            bytes += Array("\(name): ".utf8)
            field.value_start = UInt32(bytes.count)
            field.value_count = UInt32(value.utf8.count)
            bytes += Array("\(value)\r\n".utf8)
            field.line_end = UInt32(bytes.count)
            if let known { head.knownHeaders |= 1 << UInt64(known.rawValue) }
            head.fields.append(field)
        }
        self.head = head
        self.bytes = bytes
    }

    /// The host in lower case, without port and trailing dot.
    var hostName: [UInt8] { authority.prefix(HostTable.hostCount(authority.span)).map(lower) }
    var hostText: String { String(decoding: hostName, as: UTF8.self) }
}

import Bytes
import Config

/// Checks routes one by one and brings them into normal form; gathers every error instead of stopping at the first.
struct RouteShapeReader {
    private(set) var errors: [ConfigDiagnostic] = []
    private(set) var methods = MethodTable()
    /// Patterns that many routes share are compiled once.
    private var regexes: [String: PatternRegex] = [:]

    mutating func read(_ routes: [RouteConfig]) -> [RouteShape] {
        var shapes: [RouteShape] = []
        for (index, route) in routes.enumerated() {
            guard let path = path(of: route, index) else { continue }
            shapes.append(
                RouteShape(
                    index: index, name: route.name, position: route.position, hosts: hosts(of: route, index),
                    path: path, methods: methods(of: route, index),
                    headers: conditions(route.match.headers, at: "routes[\(index)].headers", foldsCase: true),
                    query: conditions(route.match.query, at: "routes[\(index)].query", foldsCase: false),
                    priority: route.priority))
        }
        return shapes
    }

    private mutating func path(of route: RouteConfig, _ index: Int) -> RouteShape.Path? {
        let position = route.match.pathPosition == .unknown ? route.position : route.match.pathPosition
        switch route.match.path {
        case .regex(let pattern):
            let regex = regex(pattern, at: position, path: "routes[\(index)].path_regex")
            return regex.map { .regex($0) }
        case .pattern(let text):
            do throws(PathPattern.Problem) {
                return .pattern(try PathPattern(parsing: text))
            } catch {
                report("bad-path", error.message, position, "routes[\(index)].path", hint: error.hint)
                return nil
            }
        }
    }

    private mutating func hosts(of route: RouteConfig, _ index: Int) -> [[UInt8]] {
        if route.match.hosts.isEmpty { return [[]] }
        var hosts: [[UInt8]] = []
        for (item, host) in route.match.hosts.enumerated() {
            guard let name = HostTable.normalised(host.value) else {
                report(
                    "bad-host", "\"\(host.value)\" is not a host name",
                    host.position == .unknown ? route.position : host.position, "routes[\(index)].hosts[\(item)]",
                    hint: "write api.example.com or *.example.com, without scheme and port, in ASCII (xn--…)")
                continue
            }
            if !hosts.contains(name) { hosts.append(name) }
        }
        return hosts
    }

    private mutating func methods(of route: RouteConfig, _ index: Int) -> UInt64? {
        if route.match.methods.isEmpty { return nil }
        var set: UInt64 = 0
        for token in route.match.methods {
            guard let bit = methods.bit(naming: token) else {
                report(
                    "too-many-methods",
                    "routes name more than \(MethodTable.customCountMax) methods that HTTP does not define",
                    route.position, "routes[\(index)].methods")
                continue
            }
            set |= bit
        }
        return set
    }

    private mutating func conditions(
        _ configured: [MatchConfig.Condition], at path: String, foldsCase: Bool
    ) -> [RouteShape.Condition] {
        var conditions: [RouteShape.Condition] = []
        for condition in configured {
            let name = foldsCase ? condition.name.lowercased() : condition.name
            let test: RouteShape.Condition.Test
            switch condition.value {
            case .exact(let value):
                // A field's value is compared without the whitespace around it (RFC 9110 §5.5).
                test = .exact(foldsCase ? RouteShapeReader.trimmed(value) : value)
            case .present: test = .present
            case .absent: test = .absent
            case .regex(let pattern):
                guard let regex = regex(pattern, at: condition.position, path: "\(path).\(condition.name)") else {
                    continue
                }
                test = .regex(regex)
            }
            conditions.append(RouteShape.Condition(name: name, test: test, shown: condition.shown))
        }
        return conditions
    }

    private mutating func regex(_ pattern: String, at position: SourcePosition, path: String) -> PatternRegex? {
        if let known = regexes[pattern] { return known }
        do throws(PatternError) {
            let regex = try PatternRegex(pattern)
            regexes[pattern] = regex
            return regex
        } catch {
            report("bad-regex", "regular expression \"\(pattern)\": \(error)", position, path)
            return nil
        }
    }

    private mutating func report(
        _ code: String, _ message: String, _ position: SourcePosition, _ path: String, hint: String? = nil
    ) {
        errors.append(ConfigDiagnostic(.error, code: code, message, at: position, path: path, hint: hint))
    }

    private static func trimmed(_ value: String) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }
        var bytes = Array(value.utf8)
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        return String(decoding: bytes.drop(while: isSpace), as: UTF8.self)
    }
}

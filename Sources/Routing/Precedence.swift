/// Which of two routes that fit a request gets it. Independent of the order in the file, but for regular expressions.
enum Precedence {
    /// The rules in the order they are asked; `docs/routing.md` numbers them alike.
    enum Rule: Int, CaseIterable, Sendable {
        case host = 1
        case path, method, headerConditions, queryConditions, priority, explicitHead, name

        var summary: String {
            switch self {
            case .host: "an exact host goes before a wildcard, a longer wildcard before a shorter, any host last"
            case .path:
                "the path that is more literal from the left goes first, prefixes late, regular expressions last"
            case .method: "a route that names methods goes before one for all"
            case .headerConditions: "more header conditions go first"
            case .queryConditions: "more query conditions go first"
            case .priority: "the higher priority goes first"
            case .explicitHead: "a route that names HEAD goes before one that serves it by GET"
            case .name: "the name that sorts first goes first"
            }
        }
    }

    /// Negative when `left` goes first, zero when the rule does not decide.
    static func compare(_ left: RouteShape, _ right: RouteShape, by rule: Rule) -> Int {
        switch rule {
        case .host, .path: 0
        case .method: (left.methods == nil ? 1 : 0) - (right.methods == nil ? 1 : 0)
        case .headerConditions: right.headers.count - left.headers.count
        case .queryConditions: right.query.count - left.query.count
        case .priority: left.priority == right.priority ? 0 : (left.priority > right.priority ? -1 : 1)
        case .explicitHead: (left.namesHead ? 0 : 1) - (right.namesHead ? 0 : 1)
        case .name: left.name == right.name ? left.index - right.index : (left.name < right.name ? -1 : 1)
        }
    }

    /// The rules that an operator can reason about; past them two routes that overlap are ambiguous.
    static let declared: [Rule] = [.method, .headerConditions, .queryConditions, .priority]

    /// Whether `left` goes first among routes of the same host and path.
    static func goesFirst(_ left: RouteShape, _ right: RouteShape) -> Bool {
        for rule in Rule.allCases {
            let order = compare(left, right, by: rule)
            if order != 0 { return order < 0 }
        }
        return false
    }

    /// Whether none of the declared rules decides between routes of the same host and path.
    static func isTie(_ left: RouteShape, _ right: RouteShape) -> Bool {
        declared.allSatisfy { compare(left, right, by: $0) == 0 }
    }

    /// Exact before wildcard, longer before shorter, any last; 0 when neither is more specific.
    static func compareHosts(_ left: [UInt8], _ right: [UInt8]) -> Int {
        func rank(_ host: [UInt8]) -> Int {
            if host.isEmpty { return 0 }
            return host.first == UInt8(ascii: "*") ? host.count : Int(Int32.max)
        }
        return rank(right) - rank(left)
    }

    /// The order in which the look-up asks paths. Patterns of unlike literals, which no path fits both of, are ordered
    /// by their bytes, so that a listing is stable.
    static func comparePaths(_ left: RouteShape, _ right: RouteShape) -> Int {
        switch (left.path, right.path) {
        case (.pattern(let first), .pattern(let second)): compare(first, second)
        case (.pattern, .regex): -1
        case (.regex, .pattern): 1
        case (.regex(let first), .regex(let second)): first.pattern == second.pattern ? 0 : left.index - right.index
        }
    }

    private static func compare(_ left: PathPattern, _ right: PathPattern) -> Int {
        for (first, second) in zip(left.segments, right.segments) {
            switch (first, second) {
            case (.parameter, .parameter): continue
            case (.literal, .parameter): return -1
            case (.parameter, .literal): return 1
            case (.literal(let one), .literal(let two)):
                if one != two { return one.lexicographicallyPrecedes(two) ? -1 : 1 }
            }
        }
        if left.segments.count == right.segments.count { return (left.isPrefix ? 1 : 0) - (right.isPrefix ? 1 : 0) }
        // The shorter one is less specific when it is a prefix of the longer; otherwise no path fits both.
        let isLeftShorter = left.segments.count < right.segments.count
        let isShorterPrefix = isLeftShorter ? left.isPrefix : right.isPrefix
        return isLeftShorter == isShorterPrefix ? 1 : -1
    }

    /// The rule by which `winner` got a request for `host` that both fit.
    static func decidingRule(_ winner: RouteShape, _ other: RouteShape, host: [UInt8]) -> Rule {
        func mostSpecific(_ shape: RouteShape) -> [UInt8] {
            shape.hosts.filter { HostTable.covers($0, host) }.min { compareHosts($0, $1) < 0 } ?? []
        }
        if compareHosts(mostSpecific(winner), mostSpecific(other)) != 0 { return .host }
        if comparePaths(winner, other) != 0 { return .path }
        return Rule.allCases.first { compare(winner, other, by: $0) != 0 } ?? .name
    }

    /// The order of a listing: hosts from specific to any, equally specific ones by name, then as the search goes.
    static func isListedFirst(_ left: RouteShape, _ right: RouteShape) -> Bool {
        func mostSpecific(_ shape: RouteShape) -> [UInt8] {
            shape.hosts.min { isListedFirst($0, $1) } ?? []
        }
        let (first, second) = (mostSpecific(left), mostSpecific(right))
        if first != second { return isListedFirst(first, second) }
        let order = comparePaths(left, right)
        return order == 0 ? goesFirst(left, right) : order < 0
    }

    private static func isListedFirst(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let order = compareHosts(left, right)
        return order == 0 ? left.lexicographicallyPrecedes(right) : order < 0
    }
}

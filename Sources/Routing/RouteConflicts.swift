import Config

/// Finds routes that no rule tells apart (errors) and routes that never get a request (warnings).
struct RouteConflicts {
    /// Reported at most, so that one mistake in a generated file does not fill the screen.
    static let errorCountMax = 100

    private let shapes: [RouteShape]
    private(set) var errors: [ConfigDiagnostic] = []
    private var reported: Set<[Int]> = []
    /// How many of a route's hosts are shadowed, and by which routes.
    private var shadowedHosts: [Int: Int] = [:]
    private var shadows: [Int: Set<Int>] = [:]
    /// Routes for every path below a literal prefix on a host, without further conditions.
    private var catchAlls: [[UInt8]: [(prefix: [UInt8], route: Int)]] = [:]

    init(shapes: [RouteShape]) {
        self.shapes = shapes
        for shape in shapes where shape.methods == nil && shape.headers.isEmpty && shape.query.isEmpty {
            guard case .pattern(let pattern) = shape.path, pattern.isPrefix else { continue }
            var prefix: [UInt8] = []
            for segment in pattern.segments {
                guard case .literal(let text) = segment else { break }
                prefix += [UInt8(ascii: "/")] + text
            }
            guard pattern.parameterNames.isEmpty else { continue }
            for host in shape.hosts {
                catchAlls[host, default: []].append((prefix + [UInt8(ascii: "/")], shape.index))
            }
        }
    }

    /// Checks routes of the same host and path against each other.
    ///
    /// - Parameter routes: in the order of precedence.
    mutating func check(_ routes: [Int]) {
        guard routes.count > 1 else { return }
        for position in routes.indices.dropFirst() {
            let later = shapes[routes[position]]
            var covered: UInt64 = 0
            var covering: Set<Int> = []
            for earlierIndex in routes[..<position] {
                let earlier = shapes[earlierIndex]
                if Precedence.isTie(earlier, later) {
                    if isAmbiguous(earlier, later) { reportAmbiguous(earlier, later) }
                } else if covers(earlier, later), earlier.admitted & later.admitted & ~covered != 0 {
                    covered |= earlier.admitted
                    covering.insert(earlierIndex)
                }
            }
            if later.admitted & ~covered == 0 { shadow(later.index, by: covering) }
        }
    }

    /// Checks routes of one regular expression against prefixes, which go before every expression.
    mutating func checkRegex(_ routes: [Int], prefix: [UInt8], on host: [UInt8]) {
        // `/*` takes every path, `/a/*` those below `/a/`.
        let covering = catchAlls[host]?.first { $0.prefix.count == 1 || prefix.starts(with: $0.prefix) }
        guard let covering else { return }
        for route in routes { shadow(route, by: [covering.route]) }
    }

    /// A warning for each route that is shadowed on all of its hosts.
    func shadowWarnings() -> [ConfigDiagnostic] {
        shadowedHosts.sorted { $0.key < $1.key }.compactMap { index, hostCount in
            let shape = shapes[index]
            guard hostCount >= shape.hosts.count else { return nil }
            let by = (shadows[index] ?? []).sorted().map { "\"\(shapes[$0].name)\" (\(shapes[$0].position))" }
            return ConfigDiagnostic(
                .warning, code: "shadowed-route",
                "route \"\(shape.name)\" never matches: all its requests go to \(by.joined(separator: " and "))",
                at: shape.position, path: "routes[\(index)]", hint: "remove it, or make its match more specific")
        }
    }

    private mutating func shadow(_ route: Int, by covering: Set<Int>) {
        shadowedHosts[route, default: 0] += 1
        shadows[route, default: []].formUnion(covering)
    }

    /// Whether two routes that no rule orders can fit the same request.
    private func isAmbiguous(_ left: RouteShape, _ right: RouteShape) -> Bool {
        // By what they name: HEAD that only follows from GET gives way to a route that names it.
        let overlap = (left.methods ?? MethodTable.all) & (right.methods ?? MethodTable.all)
        guard overlap != 0 else { return false }
        return !excludes(left.headers, right.headers) && !excludes(left.query, right.query)
    }

    private mutating func reportAmbiguous(_ left: RouteShape, _ right: RouteShape) {
        let (first, second) = left.index < right.index ? (left, right) : (right, left)
        // Once for a pair, however many hosts they share.
        guard errors.count < RouteConflicts.errorCountMax, reported.insert([first.index, second.index]).inserted else {
            return
        }
        errors.append(
            ConfigDiagnostic(
                .error, code: "ambiguous-routes",
                "route \"\(second.name)\" and route \"\(first.name)\" (\(first.position)) match the same requests, "
                    + "and no rule says which goes first",
                at: second.position, path: "routes[\(second.index)]",
                hint: "make one more specific, or give one a higher `priority`"))
    }

    /// Whether no request fits both lists: some name must have two values, or be there and not be there.
    private func excludes(_ left: [RouteShape.Condition], _ right: [RouteShape.Condition]) -> Bool {
        for one in left {
            for other in right where one.name == other.name {
                switch (one.test, other.test) {
                case (.absent, .absent): continue
                case (.absent, _), (_, .absent): return true
                case (.exact(let first), .exact(let second)): if first != second { return true }
                case (.exact(let value), .regex(let regex)), (.regex(let regex), .exact(let value)):
                    let bytes = Array(value.utf8)
                    if !regex.matches(bytes.span) { return true }
                default: continue
                }
            }
        }
        return false
    }

    /// Whether every request that fits the conditions of `later` fits those of `earlier`; methods apart.
    private func covers(_ earlier: RouteShape, _ later: RouteShape) -> Bool {
        implies(later.headers, earlier.headers) && implies(later.query, earlier.query)
    }

    private func implies(_ given: [RouteShape.Condition], _ wanted: [RouteShape.Condition]) -> Bool {
        wanted.allSatisfy { want in
            given.contains { have in
                guard have.name == want.name else { return false }
                switch (have.test, want.test) {
                case (.exact(let one), .exact(let other)): return one == other
                case (.regex(let one), .regex(let other)): return one.pattern == other.pattern
                case (.absent, .absent): return true
                case (.exact, .present), (.regex, .present), (.present, .present): return true
                case (.exact(let value), .regex(let regex)):
                    let bytes = Array(value.utf8)
                    return regex.matches(bytes.span)
                default: return false
                }
            }
        }
    }
}

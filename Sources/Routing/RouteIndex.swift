import HTTP

/// What a look-up reads: flat arrays of trivial values, and the search over them.
///
/// Not copyable, so that reading one array never takes a reference to it: a look-up touches no reference count.
struct RouteIndex: ~Copyable {
    /// A route at the place in the trie or under the regular expression where its path leads.
    struct Candidate {
        var route: Int32
        var predicateStart: Int32
        var predicateCount: Int32
        var methods: UInt64
    }

    /// The routes of one host that share a regular expression.
    struct RegexGroup {
        var regex: Int32
        var candidateStart: Int32
        var candidateCount: Int32
        /// Literal text that every path the expression matches begins with, into `regexPrefixes`: most paths are told
        /// apart by it without running the expression.
        var prefixStart: Int32
        var prefixCount: Int32
    }

    /// Which segments of the path a route's captures are.
    struct Binding {
        /// Into `parameterSegments`.
        var parameterStart: Int32 = 0
        var parameterCount: Int32 = 0
        /// The segment at which what `/*` matches begins, or -1.
        var restSegment: Int32 = -1
    }

    var hosts: HostTable
    var trie = PathTrie()
    var candidates: [Candidate] = []
    var regexGroups: [RegexGroup] = []
    var regexes: [PatternRegex] = []
    var regexPrefixes: [UInt8] = []
    /// Per route.
    var bindings: [Binding] = []
    var parameterSegments: [Int32] = []
    var predicates: PredicateTable

    init(hosts: HostTable, predicates: PredicateTable) {
        self.hosts = hosts
        self.predicates = predicates
    }

    /// The route of a request, or -1; then `request.allowed` has the methods that would have found one.
    func find(_ authority: Span<UInt8>, _ request: inout RouteRequest) -> Int32 {
        var host = hosts.find(authority)
        while host >= 0 {
            let entry = hosts.hosts[host]
            var found = search(entry.root, from: 1, &request)
            if found < 0, entry.regexCount > 0 { found = searchRegexes(entry, &request) }
            if found >= 0 { return found }
            host = Int(entry.next)
        }
        return -1
    }

    /// The first candidate at or below `root` for the path from `start` on, or -1; in the order literal, parameter,
    /// rest. `start` is past the end of the path once no segment is left.
    private func search(_ root: Int32, from start: Int, _ request: inout RouteRequest) -> Int32 {
        var index = root
        var start = start
        while true {
            let node = trie.nodes[Int(index)]
            if start > request.path.count {
                let found = node.endCount > 0 ? firstFit(node.endStart, node.endCount, &request) : -1
                if found >= 0 || node.restCount == 0 { return found }
                return firstFit(node.restStart, node.restCount, &request)
            }
            var next: Int32 = -1
            var end = start
            if node.literalCount > 0 || node.parameter >= 0 {
                let step = trie.step(from: index, node, path: request.path, start)
                next = step.child
                end = step.end
            }
            let takesParameter = node.parameter >= 0 && end > start
            if next >= 0, takesParameter || node.restCount > 0 {
                // Only where there is something to come back to.
                let found = search(next, from: end + 1, &request)
                if found >= 0 { return found }
                next = -1
            }
            if next < 0, takesParameter {
                if node.restCount == 0 {
                    next = node.parameter
                } else {
                    let found = search(node.parameter, from: end + 1, &request)
                    if found >= 0 { return found }
                }
            }
            if next < 0 { return node.restCount > 0 ? firstFit(node.restStart, node.restCount, &request) : -1 }
            index = next
            start = end + 1
        }
    }

    private func searchRegexes(_ host: HostTable.Host, _ request: inout RouteRequest) -> Int32 {
        for index in Int(host.regexStart)..<Int(host.regexStart + host.regexCount) {
            let group = regexGroups[index]
            guard begins(request.path, with: group), regexes[Int(group.regex)].matches(request.path) else { continue }
            let found = firstFit(group.candidateStart, group.candidateCount, &request)
            if found >= 0 { return found }
        }
        return -1
    }

    private func begins(_ path: Span<UInt8>, with group: RegexGroup) -> Bool {
        guard path.count >= Int(group.prefixCount) else { return false }
        for offset in 0..<Int(group.prefixCount)
        where path[offset] != regexPrefixes[Int(group.prefixStart) + offset] { return false }
        return true
    }

    private func firstFit(_ start: Int32, _ count: Int32, _ request: inout RouteRequest) -> Int32 {
        for index in Int(start)..<Int(start + count) {
            let candidate = candidates[index]
            if candidate.predicateCount > 0,
                !predicates.hold(
                    from: Int(candidate.predicateStart), count: Int(candidate.predicateCount), for: request)
            {
                continue
            }
            if candidate.methods & request.methodBit != 0 { return candidate.route }
            request.allowed |= candidate.methods
        }
        return -1
    }

    /// Fills the captures by a second walk, which only routes that capture pay for.
    func bind(_ route: Int, _ path: Span<UInt8>, _ captures: inout PathCaptures) {
        let binding = bindings[route]
        guard binding.parameterCount > 0 || binding.restSegment >= 0 else { return }
        var segment = 0
        var start = 1
        var next = Int(binding.parameterStart)
        let last = next + Int(binding.parameterCount)
        while next < last {
            var end = start
            while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
            if parameterSegments[next] == segment {
                captures.parameters.append(start..<end)
                next += 1
            }
            segment += 1
            start = end + 1
        }
        guard binding.restSegment >= 0 else { return }
        while segment < binding.restSegment {
            while start < path.count, path[start] != UInt8(ascii: "/") { start += 1 }
            segment += 1
            start += 1
        }
        captures.rest = min(start, path.count)..<path.count
    }
}

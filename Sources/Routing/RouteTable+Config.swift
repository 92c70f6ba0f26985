import Config

/// Turns what an operator wrote into the flat arrays of a `RouteTable`. Lives only while one is built.
struct RouteCompiler {
    private(set) var warnings: [ConfigDiagnostic] = []
    private(set) var shapes: [RouteShape] = []
    private(set) var methods = MethodTable()

    /// Routes, as indices, that meet at one place of the search and are ordered by `Precedence` alone.
    private struct Leaf: Hashable {
        var node: Int32
        var isRest: Bool
    }

    private var leaves: [Leaf: [Int]] = [:]
    /// Per host, in the order of the file, the routes of each regular expression.
    private var regexLeaves: [[(pattern: String, routes: [Int])]] = []

    mutating func compile(_ routes: [RouteConfig]) throws(ConfigFailure) -> RouteIndex {
        var reader = RouteShapeReader()
        shapes = reader.read(routes)
        methods = reader.methods
        guard reader.errors.isEmpty else { throw ConfigFailure(reader.errors) }

        var hostNames: [[UInt8]] = [[]]
        var hostIndex: [[UInt8]: Int] = [[]: 0]
        for host in shapes.lazy.flatMap(\.hosts) where hostIndex[host] == nil {
            hostIndex[host] = hostNames.count
            hostNames.append(host)
        }
        var trie = PathTrie()
        let roots = hostNames.map { _ in trie.addRoot() }
        var index = RouteIndex(hosts: HostTable(names: hostNames, roots: roots), predicates: PredicateTable(shapes))
        regexLeaves = hostNames.map { _ in [] }
        var edges: [PathTrie.Edge: Int32] = [:]
        for shape in shapes {
            for host in shape.hosts { place(shape, on: hostIndex[host, default: 0], roots: roots, &trie, &edges) }
            bind(shape, in: &index)
        }
        trie.index(edges: edges)
        index.trie = trie

        var conflicts = RouteConflicts(shapes: shapes)
        addPatternCandidates(to: &index, &conflicts)
        addRegexCandidates(to: &index, &conflicts, hostNames)
        guard conflicts.errors.isEmpty else { throw ConfigFailure(conflicts.errors) }
        warnings = conflicts.shadowWarnings()
        return index
    }

    private mutating func place(
        _ shape: RouteShape, on host: Int, roots: [Int32], _ trie: inout PathTrie, _ edges: inout [PathTrie.Edge: Int32]
    ) {
        switch shape.path {
        case .pattern(let pattern):
            let node = trie.insert(pattern, below: roots[host], edges: &edges)
            leaves[Leaf(node: node, isRest: pattern.isPrefix), default: []].append(shape.index)
        case .regex(let regex):
            if let known = regexLeaves[host].firstIndex(where: { $0.pattern == regex.pattern }) {
                regexLeaves[host][known].routes.append(shape.index)
            } else {
                regexLeaves[host].append((regex.pattern, [shape.index]))
            }
        }
    }

    private func bind(_ shape: RouteShape, in index: inout RouteIndex) {
        var binding = RouteIndex.Binding()
        if case .pattern(let pattern) = shape.path {
            binding.parameterStart = Int32(index.parameterSegments.count)
            for (number, segment) in pattern.segments.enumerated() {
                if case .parameter = segment { index.parameterSegments.append(Int32(number)) }
            }
            binding.parameterCount = Int32(index.parameterSegments.count) - binding.parameterStart
            if pattern.isPrefix { binding.restSegment = Int32(pattern.segments.count) }
        }
        index.bindings.append(binding)
    }

    private func addPatternCandidates(to index: inout RouteIndex, _ conflicts: inout RouteConflicts) {
        let ordered = leaves.sorted { ($0.key.node, $0.key.isRest ? 1 : 0) < ($1.key.node, $1.key.isRest ? 1 : 0) }
        for (leaf, routes) in ordered {
            let range = addCandidates(routes, to: &index, &conflicts)
            if leaf.isRest {
                index.trie.setRest(range, of: leaf.node)
            } else {
                index.trie.setEnd(range, of: leaf.node)
            }
        }
    }

    private func addRegexCandidates(
        to index: inout RouteIndex, _ conflicts: inout RouteConflicts, _ hostNames: [[UInt8]]
    ) {
        var compiled: [String: Int32] = [:]
        for (host, groups) in regexLeaves.enumerated() {
            let first = index.regexGroups.count
            for group in groups {
                guard case .regex(let regex) = shapes[group.routes[0]].path else { continue }
                let number = compiled[group.pattern] ?? Int32(index.regexes.count)
                if compiled[group.pattern] == nil {
                    compiled[group.pattern] = number
                    index.regexes.append(regex)
                }
                let prefix = RegexPrefix.literal(of: group.pattern)
                let range = addCandidates(group.routes, to: &index, &conflicts)
                index.regexGroups.append(
                    RouteIndex.RegexGroup(
                        regex: number, candidateStart: Int32(range.lowerBound), candidateCount: Int32(range.count),
                        prefixStart: Int32(index.regexPrefixes.count), prefixCount: Int32(prefix.count)))
                index.regexPrefixes += prefix
                conflicts.checkRegex(group.routes, prefix: prefix, on: hostNames[host])
            }
            index.hosts.setRegexes(first..<index.regexGroups.count, ofHost: host)
        }
    }

    private func addCandidates(
        _ routes: [Int], to index: inout RouteIndex, _ conflicts: inout RouteConflicts
    ) -> Range<Int> {
        let ordered = routes.sorted { Precedence.goesFirst(shapes[$0], shapes[$1]) }
        conflicts.check(ordered)
        let start = index.candidates.count
        for route in ordered {
            let conditions = index.predicates.ranges[route]
            index.candidates.append(
                RouteIndex.Candidate(
                    route: Int32(route), predicateStart: Int32(conditions.lowerBound),
                    predicateCount: Int32(conditions.count), methods: shapes[route].admitted))
        }
        return start..<index.candidates.count
    }
}

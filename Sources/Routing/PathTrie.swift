import Bytes

/// The path patterns of all hosts as one trie of whole segments, in flat arrays of trivial values.
///
/// A node's literal children are found in one hash table for the whole trie, keyed by parent and segment, so ten
/// thousand siblings cost what ten cost. Depth in the trie is depth in the path, so a look-up that backtracks still
/// visits each node at most once: its cost is bounded by the configuration, never by the request.
struct PathTrie {
    struct Node {
        var parent: Int32 = -1
        var textStart: Int32 = 0
        var textCount: Int32 = 0
        /// Literal children; with exactly one, `soleLiteral` is it and the hash table is not asked.
        var literalCount: Int32 = 0
        var soleLiteral: Int32 = -1
        /// The child for one non-empty segment of any text, or -1.
        var parameter: Int32 = -1
        /// Candidates whose pattern ends here, into `RouteTable.candidates`.
        var endStart: Int32 = 0
        var endCount: Int32 = 0
        /// Candidates whose pattern ends here in `/*`.
        var restStart: Int32 = 0
        var restCount: Int32 = 0
    }

    private(set) var nodes: [Node] = []
    private var text: [UInt8] = []
    /// Open addressing over nodes that are literal children; -1 is free. The count is a power of two.
    private var slots: [Int32] = []
    private var mask = 0

    /// Adds a root without children.
    mutating func addRoot() -> Int32 {
        nodes.append(Node())
        return Int32(nodes.count - 1)
    }

    /// Adds what is missing of `pattern` below `root`, and tells the node it ends at. Look-ups need `index()` after.
    mutating func insert(_ pattern: PathPattern, below root: Int32, edges: inout [Edge: Int32]) -> Int32 {
        var node = root
        for segment in pattern.segments {
            switch segment {
            case .parameter:
                if nodes[Int(node)].parameter < 0 {
                    let child = addRoot()
                    nodes[Int(child)].parent = node
                    nodes[Int(node)].parameter = child
                }
                node = nodes[Int(node)].parameter
            case .literal(let bytes):
                let edge = Edge(parent: node, text: bytes)
                if let child = edges[edge] {
                    node = child
                    continue
                }
                let child = addRoot()
                nodes[Int(child)].parent = node
                nodes[Int(child)].textStart = Int32(text.count)
                nodes[Int(child)].textCount = Int32(bytes.count)
                text += bytes
                nodes[Int(node)].literalCount += 1
                nodes[Int(node)].soleLiteral = child
                edges[edge] = child
                node = child
            }
        }
        return node
    }

    /// The way to a literal child, while the trie is built.
    struct Edge: Hashable {
        var parent: Int32
        var text: [UInt8]
    }

    mutating func setEnd(_ range: Range<Int>, of node: Int32) {
        nodes[Int(node)].endStart = Int32(range.lowerBound)
        nodes[Int(node)].endCount = Int32(range.count)
    }

    mutating func setRest(_ range: Range<Int>, of node: Int32) {
        nodes[Int(node)].restStart = Int32(range.lowerBound)
        nodes[Int(node)].restCount = Int32(range.count)
    }

    /// Builds the hash table, once all patterns are in.
    mutating func index(edges: [Edge: Int32]) {
        var capacity = 4
        while capacity < 2 * edges.count { capacity *= 2 }
        slots = [Int32](repeating: -1, count: capacity)
        mask = capacity - 1
        // In the order of insertion, so that the same configuration always gives the same table.
        for (edge, child) in edges.sorted(by: { $0.value < $1.value }) {
            let bytes = edge.text
            var slot = PathTrie.slotHash(parent: edge.parent, bytes.span, 0, bytes.count) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = child
        }
    }

    /// The literal child for the segment of `path` at `start`, or -1, and where that segment ends.
    @inline(__always)
    func step(from parent: Int32, _ node: Node, path: Span<UInt8>, _ start: Int) -> (child: Int32, end: Int) {
        if node.literalCount == 1 {
            // No need to look for the segment's end when the one text that counts tells where it would be.
            let end = start + Int(nodes[Int(node.soleLiteral)].textCount)
            if end == path.count || end < path.count && path[end] == UInt8(ascii: "/") {
                if holds(node.soleLiteral, path, start, end) { return (node.soleLiteral, end) }
            }
            if node.parameter < 0 { return (-1, start) }
        }
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        guard node.literalCount > 1 else { return (-1, end) }
        var slot = PathTrie.slotHash(parent: parent, path, start, end) & mask
        while true {
            let child = slots[slot]
            if child < 0 { return (-1, end) }
            if nodes[Int(child)].parent == parent, holds(child, path, start, end) { return (child, end) }
            slot = (slot + 1) & mask
        }
    }

    @inline(__always)
    private func holds(_ child: Int32, _ path: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        let node = nodes[Int(child)]
        guard Int(node.textCount) == end - start else { return false }
        let wanted = text.span.extracting(Int(node.textStart)..<Int(node.textStart) + (end - start))
        let given = path.extracting(start..<end)
        for offset in wanted.indices where wanted[offset] != given[offset] { return false }
        return true
    }

    @inline(__always)
    private static func slotHash(parent: Int32, _ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var hash = UInt64(UInt32(bitPattern: parent)) &* 0x9e37_79b9_7f4a_7c15
        var index = start
        while index + 4 <= end {
            // Four bytes a step: the multiplication's latency is what a hash costs.
            let low = UInt64(bytes[index]) | UInt64(bytes[index + 1]) << 8
            let high = UInt64(bytes[index + 2]) | UInt64(bytes[index + 3]) << 8
            hash = (hash ^ low ^ high << 16) &* 0xff51_afd7_ed55_8ccd
            hash ^= hash >> 32
            index += 4
        }
        while index < end {
            hash = (hash ^ UInt64(bytes[index])) &* 0xff51_afd7_ed55_8ccd
            index += 1
        }
        // The high bits of a product are the well-mixed ones.
        return Int(truncatingIfNeeded: (hash &* 0x9e37_79b9_7f4a_7c15) >> 33)
    }
}

/// Finds the name that an operator most likely meant.
package enum Suggestion {
    /// `did you mean "upstream"?`, or nil where nothing is near enough to be more help than noise.
    package static func hint(for name: String, among candidates: some Sequence<String>) -> String? {
        nearest(to: name, among: candidates).map { "did you mean \(quoted($0))?" }
    }

    /// The nearest candidate within a third of the name's length in edits; of equals, the first in the alphabet.
    static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let typed = folded(name)
        guard !typed.isEmpty, typed.count <= 64 else { return nil }
        let editsMax = max(1, typed.count / 3)
        var best: (edits: Int, candidate: String)?
        for candidate in candidates where candidate != name {
            let other = folded(candidate)
            guard abs(other.count - typed.count) <= editsMax else { continue }
            let edits = distance(typed, other)
            guard edits <= editsMax else { continue }
            if best.map({ (edits, candidate) < ($0.edits, $0.candidate) }) ?? true { best = (edits, candidate) }
        }
        return best?.candidate
    }

    /// Lower-case and with `-` for `_`, since mixing those up is the commonest slip of all.
    private static func folded(_ name: String) -> [UInt8] {
        name.utf8.map { byte in
            switch byte {
            case 0x41...0x5A: byte | 0x20
            case 0x5F: 0x2D
            default: byte
            }
        }
    }

    /// Edits between two words: insert, delete, replace, or swap two neighbours (optimal string alignment).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var previous: [Int] = []
        var current = Array(0...right.count)
        for row in 0..<left.count {
            let beforePrevious = previous
            previous = current
            current[0] = row + 1
            for column in 0..<right.count {
                let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
                var edits = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    edits = min(edits, beforePrevious[column - 1] + 1)
                }
                current[column + 1] = edits
            }
        }
        return current[right.count]
    }
}

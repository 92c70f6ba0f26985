/// The hosts that routes name, exact and by wildcard, found by one pass over the bytes of a request's host.
///
/// Each host knows the next less specific one that covers it, so a look-up that found one walks the rest for free.
struct HostTable {
    /// One host pattern, or the entry for any host, which is always number 0.
    struct Host {
        /// Root of the host's paths in the trie.
        var root: Int32
        /// The next less specific host that matches whatever this one does; -1 after the entry for any host.
        var next: Int32 = 0
        var textStart: Int32 = 0
        var textCount: Int32 = 0
        var isWildcard = false
        var regexStart: Int32 = 0
        var regexCount: Int32 = 0
    }

    /// Longer names do not exist (RFC 1035 §2.3.4), so nothing configured can match them.
    static let nameBytesMax = 255
    private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

    private(set) var hosts: [Host]
    /// Lower-case names end to end; of a wildcard what follows its star, leading dot included.
    private var text: [UInt8] = []
    /// Open addressing over `hosts`; -1 is free. The count is a power of two.
    private var slots: [Int32] = []
    private var mask = 0
    private var hasWildcards = false

    /// - Parameters:
    ///   - names: distinct, as `normalised` returns them; the first is empty and stands for any host.
    ///   - roots: of the same count.
    init(names: [[UInt8]], roots: [Int32]) {
        hosts = []
        for (name, root) in zip(names, roots) {
            var host = Host(root: root)
            host.isWildcard = name.first == UInt8(ascii: "*")
            let kept = host.isWildcard ? name.dropFirst() : name[...]
            host.textStart = Int32(text.count)
            host.textCount = Int32(kept.count)
            text += kept
            if host.isWildcard { hasWildcards = true }
            hosts.append(host)
        }
        hosts[0].next = -1
        guard hosts.count > 1 else { return }
        var capacity = 4
        while capacity < 2 * hosts.count { capacity *= 2 }
        slots = [Int32](repeating: -1, count: capacity)
        mask = capacity - 1
        for index in hosts.indices.dropFirst() {
            var slot = HostTable.slotHash(hash(ofHost: index), isWildcard: hosts[index].isWildcard) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(index)
        }
        for index in hosts.indices.dropFirst() {
            let start = Int(hosts[index].textStart)
            let name = Array(text[start..<start + Int(hosts[index].textCount)])
            // A wildcard's own text must not find itself, hence from its second label on.
            hosts[index].next = Int32(longestWildcard(in: name.span, dropping: hosts[index].isWildcard ? 1 : 0))
        }
    }

    var hasNames: Bool { hosts.count > 1 }

    mutating func setRegexes(_ range: Range<Int>, ofHost index: Int) {
        hosts[index].regexStart = Int32(range.lowerBound)
        hosts[index].regexCount = Int32(range.count)
    }

    /// The most specific host for a request's authority; 0 when none is named that covers it.
    ///
    /// - Parameter authority: `host[:port]` in any case; port and a trailing dot do not count.
    func find(_ authority: Span<UInt8>) -> Int {
        if slots.isEmpty { return 0 }
        let count = HostTable.hostCount(authority)
        guard count > 0, count <= HostTable.nameBytesMax else { return 0 }
        return find(name: authority, count: count, from: 0, allowsExact: true)
    }

    /// Bytes of the host in `authority`, without port and trailing dot.
    static func hostCount(_ authority: Span<UInt8>) -> Int {
        var count = 0
        if authority.count > 0, authority[0] == UInt8(ascii: "[") {
            while count < authority.count, authority[count] != UInt8(ascii: "]") { count += 1 }
            return min(count + 1, authority.count)
        }
        while count < authority.count, authority[count] != UInt8(ascii: ":") { count += 1 }
        if count > 1, authority[count - 1] == UInt8(ascii: ".") { count -= 1 }
        return count
    }

    private func longestWildcard(in name: Span<UInt8>, dropping labels: Int) -> Int {
        find(name: name, count: name.count, from: labels, allowsExact: false)
    }

    /// One pass from the right: the hash of every suffix is a stage of the hash of the whole.
    private func find(name: Span<UInt8>, count: Int, from first: Int, allowsExact: Bool) -> Int {
        var hash = HostTable.seed
        var found = 0
        var index = count - 1
        while index >= 0 {
            let byte = lower(name[index])
            hash = HostTable.mix(hash, byte)
            // A star stands for at least one byte, so a dot in front of everything is no wildcard match.
            if hasWildcards, byte == UInt8(ascii: "."), index >= max(first, 1) {
                let hit = lookUp(hash, name: name, from: index, count: count, isWildcard: true)
                if hit > 0 { found = hit }
            }
            index -= 1
        }
        guard allowsExact else { return found }
        let exact = lookUp(hash, name: name, from: 0, count: count, isWildcard: false)
        return exact > 0 ? exact : found
    }

    private func lookUp(_ hash: UInt64, name: Span<UInt8>, from start: Int, count: Int, isWildcard: Bool) -> Int {
        var slot = HostTable.slotHash(hash, isWildcard: isWildcard) & mask
        while true {
            let index = Int(slots[slot])
            if index < 0 { return 0 }
            let host = hosts[index]
            if host.isWildcard == isWildcard, Int(host.textCount) == count - start {
                var offset = 0
                while offset < count - start,
                    text[Int(host.textStart) + offset] == lower(name[start + offset])
                { offset += 1 }
                if offset == count - start { return index }
            }
            slot = (slot + 1) & mask
        }
    }

    private func hash(ofHost index: Int) -> UInt64 {
        var hash = HostTable.seed
        let start = Int(hosts[index].textStart)
        for offset in stride(from: Int(hosts[index].textCount) - 1, through: 0, by: -1) {
            hash = HostTable.mix(hash, text[start + offset])
        }
        return hash
    }

    private static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

    private static func slotHash(_ hash: UInt64, isWildcard: Bool) -> Int {
        let mixed = (hash ^ (isWildcard ? 0x2a : 0)) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: mixed >> 32)
    }

    /// A configured host in the form the table wants: lower-case, no trailing dot, `*.` kept. nil when it is none.
    static func normalised(_ text: String) -> [UInt8]? {
        var bytes = text.utf8.map(lower)
        if bytes.count > 1, bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
        let name = bytes.starts(with: [UInt8(ascii: "*"), UInt8(ascii: ".")]) ? bytes.dropFirst(2) : bytes[...]
        guard !name.isEmpty, bytes.count <= nameBytesMax else { return nil }
        if name.first == UInt8(ascii: "["), name.last == UInt8(ascii: "]"), name.count == bytes.count { return bytes }
        for byte in name {
            guard PathBytes.isUnreserved(byte) else { return nil }
        }
        let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.contains(where: \.isEmpty) ? nil : bytes
    }

    /// Whether a pattern of `normalised` covers a host, both lower-case; empty covers all.
    static func covers(_ pattern: [UInt8], _ host: [UInt8]) -> Bool {
        if pattern.isEmpty { return true }
        guard pattern.first == UInt8(ascii: "*") else { return pattern == host }
        let suffix = pattern.dropFirst()
        return host.count > suffix.count && host.suffix(suffix.count).elementsEqual(suffix)
    }
}

/// Folds A-Z to a-z. In this module, so that a loop over bytes makes no call per byte.
@inline(__always)
func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

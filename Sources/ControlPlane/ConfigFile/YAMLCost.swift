/// Refuses texts that would cost the YAML parser far more than their size, before it sees them.
///
/// Composing is linear in the text with two exceptions: every value costs an object, and every key that is itself a
/// list or a mapping is hashed in full, with its aliases expanded. Both are bounded from above here by looking at
/// punctuation alone, quoted or not: an estimate may be too high, never too low, and the bounds leave real
/// configurations a wide berth.
enum YAMLCost {
    private static let punctuationMax = 2_000_000
    private static let hashedBytesMax = 64 << 20

    /// Beside keys that need hashing, more anchors or aliases than these are refused unseen.
    private static let anchorsMax = 1000
    private static let aliasesMax = 100_000

    /// nil if the text is cheap enough to parse.
    static func refusal(of text: String) -> String? {
        let bytes = text.utf8.span
        let counts = Counts(bytes)
        if counts.punctuation > punctuationMax { return "the file holds too many values to be a configuration" }
        guard counts.complexKeys > 0 else { return nil }
        // Each byte is hashed once per level of keys around it, and as often as aliases repeat it.
        let levels = min(counts.bracketDepthMax + counts.explicitKeys, counts.complexKeys) + 1
        let (hashed, isTooLarge) = (bytes.count + aliasedBytes(bytes)).multipliedReportingOverflow(by: levels)
        if isTooLarge || hashed > hashedBytesMax {
            return "the file has keys that are lists or mappings, and they are too many or too large"
        }
        return nil
    }

    /// What a look at single bytes tells.
    private struct Counts {
        /// Bytes that may begin a value of their own.
        var punctuation = 0
        /// Places where a key may be a list, a mapping or an alias.
        var complexKeys = 0
        var explicitKeys = 0
        var bracketDepthMax = 0

        init(_ bytes: Span<UInt8>) {
            var bracketDepth = 0
            for index in bytes.indices {
                switch bytes[index] {
                case 0x0A, 0x2C, 0x3A: punctuation += 1
                case 0x2D where YAMLCost.isBlank(bytes, index + 1): punctuation += 1
                case 0x5B, 0x7B:
                    punctuation += 1
                    bracketDepth += 1
                    bracketDepthMax = max(bracketDepthMax, bracketDepth)
                case 0x5D, 0x7D:
                    bracketDepth = max(0, bracketDepth - 1)
                    if YAMLCost.isColonNext(bytes, index + 1) { complexKeys += 1 }
                case 0x3F where YAMLCost.startsToken(bytes, index):
                    punctuation += 1
                    explicitKeys += 1
                    complexKeys += 1
                case 0x2A where YAMLCost.startsToken(bytes, index):
                    let name = YAMLCost.name(bytes, index + 1)
                    if YAMLCost.isColonNext(bytes, index + 1 + name.count) { complexKeys += 1 }
                default: break
                }
            }
        }
    }

    /// An upper bound of the bytes that all aliases stand for together.
    private static func aliasedBytes(_ bytes: Span<UInt8>) -> Int {
        var anchors: [Anchor] = []
        var aliasCount = 0
        var total = 0
        for index in bytes.indices where startsToken(bytes, index) {
            switch bytes[index] {
            case 0x26: anchors.append(Anchor(name: name(bytes, index + 1), start: index))
            case 0x2A:
                total = saturated(total, use(name(bytes, index + 1), at: index, &anchors))
                aliasCount += 1
            default: break
            }
            if anchors.count > anchorsMax || aliasCount > aliasesMax { return hashedBytesMax }
        }
        return min(total, hashedBytesMax)
    }

    /// What `&name` may stand for: the text up to its first alias, since it must have ended there, with the aliases
    /// in between expanded.
    private struct Anchor {
        var name: [UInt8]
        var start: Int
        var weight = 0
        var isOpen = true
    }

    /// - Returns: the bytes that this alias stands for.
    private static func use(_ name: [UInt8], at index: Int, _ anchors: inout [Anchor]) -> Int {
        guard let used = anchors.lastIndex(where: { $0.name == name }) else { return 0 }
        if anchors[used].isOpen {
            anchors[used].isOpen = false
            anchors[used].weight = saturated(anchors[used].weight, index - anchors[used].start)
        }
        let weight = anchors[used].weight
        // Whatever anchor is still open may contain this alias.
        for other in anchors.indices where anchors[other].isOpen {
            anchors[other].weight = saturated(anchors[other].weight, weight)
        }
        return weight
    }

    private static func saturated(_ left: Int, _ right: Int) -> Int {
        let (sum, isTooLarge) = left.addingReportingOverflow(right)
        return isTooLarge ? .max : sum
    }

    private static func name(_ bytes: Span<UInt8>, _ start: Int) -> [UInt8] {
        var name: [UInt8] = []
        var index = start
        while index < bytes.count, isNameByte(bytes[index]) {
            name.append(bytes[index])
            index += 1
        }
        return name
    }

    /// libyaml's anchors: letters, digits, `_` and `-`.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
            || byte == 0x2D
    }

    /// A token begins after blanks, other punctuation, or a tag or anchor that ends before it.
    private static func startsToken(_ bytes: Span<UInt8>, _ index: Int) -> Bool {
        guard index > 0 else { return true }
        return !isNameByte(bytes[index - 1])
    }

    private static func isBlank(_ bytes: Span<UInt8>, _ index: Int) -> Bool {
        guard index < bytes.count else { return true }
        return bytes[index] == 0x20 || bytes[index] == 0x09 || bytes[index] == 0x0A || bytes[index] == 0x0D
    }

    private static func isColonNext(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
        var index = start
        while index < bytes.count, isBlank(bytes, index) { index += 1 }
        return index < bytes.count && bytes[index] == 0x3A
    }
}

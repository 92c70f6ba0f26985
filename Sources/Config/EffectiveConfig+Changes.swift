extension EffectiveConfig {
    /// One difference between two effective configurations.
    package struct Change: Sendable, Equatable {
        package enum Kind: String, Sendable { case added, removed, changed }

        package var kind: Kind
        /// Of a value, or of a whole item, mapping entry or object that is only on one side.
        package var path: String
        /// As shown, without secrets; nil of what was added. A changed secret looks the same on both sides.
        package var old: JSONValue?
        package var new: JSONValue?

        package init(kind: Kind, path: String, old: JSONValue?, new: JSONValue?) {
            self.kind = kind
            self.path = path
            self.old = old
            self.new = new
        }
    }

    /// What is different, whatever the files look like: a value that is written elsewhere, in another unit, or that was
    /// a default, is no change.
    ///
    /// A list whose named items swap places is one change of the list, from names to names without those before and
    /// after that stayed in place.
    package static func changes(from old: EffectiveConfig, to new: EffectiveConfig) -> [Change] {
        var comparison = EffectiveComparison()
        comparison.compare(old.root, new.root, at: EffectivePath())
        return comparison.changes
    }
}

/// Collects the changes between two trees; parts with equal fingerprints are passed over.
private struct EffectiveComparison {
    var changes: [EffectiveConfig.Change] = []

    mutating func compare(_ old: EffectiveNode, _ new: EffectiveNode, at path: EffectivePath) {
        guard old.fingerprint != new.fingerprint else { return }
        switch (old.content, new.content) {
        case (.object(let before), .object(let after)), (.map(let before), .map(let after)):
            compare(before, after, at: path)
        case (.list(let before), .list(let after)) where !old.isPlainList || !new.isPlainList:
            compare(before, after, at: path)
            compareOrder(before, after, at: path)
        default: add(.changed, path, old, new)
        }
    }

    private mutating func compare(
        _ old: [EffectiveNode.Child], _ new: [EffectiveNode.Child], at path: EffectivePath
    ) {
        let before = Dictionary(old.map { ($0.step, $0.node) }, uniquingKeysWith: { first, _ in first })
        let kept = Set(new.map(\.step))
        for child in old where !kept.contains(child.step) {
            add(.removed, path.appending(child.step), child.node, nil)
        }
        for child in new {
            // The path costs more than finding out that nothing changed.
            guard let known = before[child.step] else {
                add(.added, path.appending(child.step), nil, child.node)
                continue
            }
            if known.fingerprint != child.node.fingerprint {
                compare(known, child.node, at: path.appending(child.step))
            }
        }
    }

    /// Order matters in a list, and items that are found by name do not show it.
    private mutating func compareOrder(
        _ old: [EffectiveNode.Child], _ new: [EffectiveNode.Child], at path: EffectivePath
    ) {
        let before = old.compactMap(\.step.itemName)
        let after = new.compactMap(\.step.itemName)
        let common = Set(before).intersection(after)
        var (left, right) = (before.filter(common.contains)[...], after.filter(common.contains)[...])
        while let first = left.first, first == right.first {
            left.removeFirst()
            right.removeFirst()
        }
        while let last = left.last, last == right.last {
            left.removeLast()
            right.removeLast()
        }
        if left.isEmpty, right.isEmpty { return }
        changes.append(
            EffectiveConfig.Change(
                kind: .changed, path: path.text, old: .array(left.map { .string($0) }),
                new: .array(right.map { .string($0) })))
    }

    private mutating func add(
        _ kind: EffectiveConfig.Change.Kind, _ path: EffectivePath, _ old: EffectiveNode?, _ new: EffectiveNode?
    ) {
        changes.append(EffectiveConfig.Change(kind: kind, path: path.text, old: old?.json, new: new?.json))
    }
}

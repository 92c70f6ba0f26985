/// A part of an effective configuration.
struct EffectiveNode: Sendable {
    struct Child: Sendable {
        var step: EffectivePath.Step
        var node: EffectiveNode
    }

    enum Content: Sendable {
        /// As it may be shown.
        case value(JSONValue)
        /// The keys of the format, in its order.
        case object([Child])
        /// Keys of the operator's choosing.
        case map([Child])
        case list([Child])
    }

    let content: Content
    var origin: EffectiveConfig.Origin
    /// Of what really stands here, secrets included; equal values have equal ones, wherever they came from.
    ///
    /// `Hasher` has a random key for each process, so that it tells nothing about a secret.
    let fingerprint: Int

    /// - Parameter real: what `shown` may have left out.
    init(shown: JSONValue, real: JSONValue, origin: EffectiveConfig.Origin) {
        content = .value(shown)
        self.origin = origin
        var hasher = Hasher()
        hasher.combine(real)
        fingerprint = hasher.finalize()
    }

    init(_ content: Content, origin: EffectiveConfig.Origin) {
        self.content = content
        self.origin = origin
        var hasher = Hasher()
        switch content {
        case .value(let value): hasher.combine(value)
        case .object(let children), .map(let children), .list(let children):
            for child in children {
                hasher.combine(child.step)
                hasher.combine(child.node.fingerprint)
            }
        }
        fingerprint = hasher.finalize()
    }

    /// A list that is shown, and compared, as one value.
    var isPlainList: Bool {
        guard case .list(let children) = content else { return false }
        return children.allSatisfy { child in
            if case .value = child.node.content { return true }
            return false
        }
    }

    /// Shown as one value: an object without keys is nothing, and an empty mapping is something.
    var isEntry: Bool {
        switch content {
        case .value: true
        case .map(let children): children.isEmpty
        case .list: isPlainList
        case .object: false
        }
    }

    /// What has entries of its own.
    var parts: [Child] {
        switch content {
        case .object(let children), .map(let children), .list(let children): isEntry ? [] : children
        case .value: []
        }
    }

    var json: JSONValue {
        switch content {
        case .value(let value): value
        case .list(let children): .array(children.map(\.node.json))
        case .object(let children), .map(let children):
            .object(
                children.compactMap { child in
                    guard case .key(let key) = child.step, !child.node.isEmptyObject else { return nil }
                    return JSONValue.Member(key: key, value: child.node.json)
                })
        }
    }

    /// An object none of whose keys is set or has a default; there is nothing to show.
    private var isEmptyObject: Bool {
        if case .object(let children) = content { return children.isEmpty }
        return false
    }
}

/// What the gateway runs with: every value that is set or has a default, and where it came from.
///
/// No secret is in it. A value of a field that the format marks as secret, or of a header line that sounds like one, is
/// `[redacted]`; free text that a variable or a mounted file contributed to is what the file says, such as
/// `${JWT_SECRET}`. Of what is hidden only a keyed hash is kept, so that two configurations can be compared.
package struct EffectiveConfig: Sendable {
    package enum Origin: Sendable, Hashable, CustomStringConvertible {
        case file(SourcePosition)
        case `default`
        /// The variable that won over the file.
        case environment(String)

        /// `gateway.yaml:3:12`, `default` or `environment GATEWAY_WORKERS`.
        package var description: String {
            switch self {
            case .file(let position): position.description
            case .default: "default"
            case .environment(let variable): "environment \(variable)"
            }
        }
    }

    /// One value. A list of plain values is one; other lists, mappings and objects have an entry for each part.
    package struct Entry: Sendable, Equatable {
        /// `routes[users].timeouts.request`; see `EffectivePath`.
        package var path: String
        /// With units as the gateway would write them, and without secrets.
        package var value: JSONValue
        package var origin: Origin
    }

    /// A value that does not come from a file, and wins over one that does.
    package struct Override: Sendable, Equatable {
        /// Keys of the format with dots between them: `admin.address`.
        package var path: String
        /// As a file would say it.
        package var value: String
        package var variable: String

        package init(path: String, value: String, variable: String) {
            self.path = path
            self.value = value
            self.variable = variable
        }
    }

    private(set) var root: EffectiveNode

    /// - Parameter tree: after expansion of variables, and one that decodes without an error.
    package init(tree: ConfigNode, overrides: [Override] = []) {
        root = EffectiveConfigBuilder.node(tree, .object(GatewaySchema.root.description))
        for override in overrides { apply(override) }
    }

    package mutating func apply(_ override: Override) {
        root = EffectiveConfigBuilder.replace(
            in: root, .object(GatewaySchema.root.description), keys: override.path.split(separator: ".")[...],
            by: override)
    }

    /// All values, in the order of the reference; mappings and lists in the order of the file.
    package var entries: [Entry] {
        var entries: [Entry] = []
        Self.collect(root, at: EffectivePath(), into: &entries)
        return entries
    }

    private static func collect(_ node: EffectiveNode, at path: EffectivePath, into entries: inout [Entry]) {
        for child in node.parts { collect(child.node, at: path.appending(child.step), into: &entries) }
        if node.isEntry { entries.append(Entry(path: path.text, value: node.json, origin: node.origin)) }
    }
}

/// Where a value stands, as text: `routes[users].timeouts.request`.
///
/// Items of a list stand in brackets, by their `name` where they have one, else by their index; keys follow a dot. A
/// name that is no plain word, or could be an index, is quoted: `routes["a.b"]`, `upstreams["c d"].targets`.
struct EffectivePath: Sendable {
    enum Step: Sendable, Hashable {
        case key(String)
        case name(String)
        case index(Int)

        /// The name of a named item.
        var itemName: String? {
            if case .name(let name) = self { return name }
            return nil
        }
    }

    private(set) var text = ""

    func appending(_ step: Step) -> EffectivePath {
        var path = self
        switch step {
        case .index(let index): path.text += "[\(index)]"
        case .name(let name):
            let isWord = Self.isWord(name) && !name.utf8.allSatisfy { (0x30...0x39).contains($0) }
            path.text += "[" + (isWord ? name : JSONValue.escaped(name)) + "]"
        case .key(let key) where Self.isWord(key): path.text += (text.isEmpty ? "" : ".") + key
        case .key(let key): path.text += "[" + JSONValue.escaped(key) + "]"
        }
        return path
    }

    /// Letters, digits, `_` and `-`; the same words that paths in diagnostics leave unquoted.
    private static func isWord(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(Character.isPathWord) }
}

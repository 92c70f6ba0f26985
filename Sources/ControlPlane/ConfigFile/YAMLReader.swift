package import Config
import Yams

/// Turns the text of one YAML file into a `ConfigNode`, within limits that a hostile file cannot pass.
///
/// YAML 1.2 as libyaml reads it; plain scalars keep their text, since the decoder knows better than a resolver what
/// `off` or `1.20` means. Aliases are expanded; `<<` merge keys are not part of YAML 1.2 and refused.
package struct YAMLReader {
    package static let fileBytesMax = 8 << 20
    package static let depthMax = 64
    /// Aliases count as often as they are used: a file of a few lines can stand for billions of values.
    package static let nodesMax = 1_000_000

    private let file: String
    private let text: String
    private var nodeCount = 0
    private var diagnostics: [ConfigDiagnostic] = []

    private init(_ text: String, file: String) {
        self.file = file
        self.text = text
    }

    /// - Returns: the tree; null for a file without content.
    /// - Throws: everything that is wrong with the text itself.
    package static func read(_ text: String, file: String) throws(ConfigFailure) -> ConfigNode {
        var reader = YAMLReader(text, file: file)
        return try reader.read()
    }

    private mutating func read() throws(ConfigFailure) -> ConfigNode {
        guard text.utf8.count <= Self.fileBytesMax else {
            throw refusal(.fileTooLarge, "the file is larger than 8 MiB", at: start)
        }
        if let reason = YAMLCost.refusal(of: text) { throw refusal(.tooManyNodes, reason, at: start) }
        let root: Node?
        do {
            root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw ConfigFailure([YAMLDiagnostic.diagnostic(of: error, text: text, file: file)])
        } catch {
            throw refusal(.yamlSyntax, "the file cannot be read as YAML", at: start)
        }
        guard let root else { return ConfigNode(.scalar(ConfigNode.Scalar("")), at: start) }
        let tree = try node(root, depth: 1)
        if !diagnostics.isEmpty { throw ConfigFailure(diagnostics) }
        return tree
    }

    private func node(of scalar: Node.Scalar) -> ConfigNode.Scalar {
        let isPlain = scalar.style == .plain && scalar.tag.description != Tag.Name.str.rawValue
        return ConfigNode.Scalar(scalar.string, style: isPlain ? .plain : .quoted)
    }

    private mutating func node(_ node: Node, depth: Int) throws(ConfigFailure) -> ConfigNode {
        let position = position(of: node.mark)
        nodeCount += 1
        guard nodeCount <= Self.nodesMax else {
            throw refusal(
                .tooManyNodes, "the file stands for more than 1,000,000 values, with every alias expanded", at: position
            )
        }
        guard depth <= Self.depthMax else {
            throw refusal(.tooDeep, "values nest deeper than \(Self.depthMax) levels", at: position)
        }
        switch node {
        case .scalar(let scalar):
            checkTag(scalar.tag, among: Self.scalarTags, at: position)
            return ConfigNode(.scalar(self.node(of: scalar)), at: position)
        case .sequence(let sequence):
            checkTag(sequence.tag, among: [Tag.Name.seq.rawValue], at: position)
            var nodes: [ConfigNode] = []
            nodes.reserveCapacity(sequence.count)
            for item in sequence { nodes.append(try self.node(item, depth: depth + 1)) }
            return ConfigNode(.sequence(nodes), at: position)
        case .mapping(let mapping):
            checkTag(mapping.tag, among: [Tag.Name.map.rawValue], at: position)
            return ConfigNode(.mapping(try entries(of: mapping, depth: depth)), at: position)
        case .alias:
            // The parser puts the anchored value in place of each alias; this case is for emitting.
            throw refusal(.yamlSyntax, "the alias has no value", at: position)
        }
    }

    private mutating func entries(
        of mapping: Node.Mapping, depth: Int
    ) throws(ConfigFailure) -> [ConfigNode.Entry] {
        var entries: [ConfigNode.Entry] = []
        entries.reserveCapacity(mapping.count)
        for pair in mapping {
            let position = position(of: pair.key.mark)
            guard case .scalar(let key) = pair.key else {
                report(.invalidKey, "a key must be a text, not a list or a mapping", at: position)
                continue
            }
            if key.string == "<<", key.style == .plain {
                report(
                    .mergeKey, "merge keys (<<) are not supported", at: position,
                    hint: "write the keys out, or use an alias for the whole value")
                continue
            }
            let value = try node(pair.value, depth: depth + 1)
            entries.append(ConfigNode.Entry(key: key.string, keyPosition: position, value: value))
        }
        return entries
    }

    // MARK: - Tags

    private static let scalarTags: Set<String> = [
        Tag.Name.str.rawValue, Tag.Name.int.rawValue, Tag.Name.bool.rawValue, Tag.Name.float.rawValue,
        Tag.Name.null.rawValue,
    ]

    private mutating func checkTag(_ tag: Tag, among allowed: Set<String>, at position: SourcePosition) {
        let name = tag.description
        if name.isEmpty || name == "!" || allowed.contains(name) { return }
        report(
            .unsupportedTag, "the tag \(Self.shown(name)) is not supported here", at: position, hint: "remove the tag")
    }

    private static func shown(_ tag: String) -> String {
        let standard = "tag:yaml.org,2002:"
        return tag.hasPrefix(standard) ? "!!" + tag.dropFirst(standard.count) : tag
    }

    // MARK: - Diagnostics

    private var start: SourcePosition { SourcePosition(file: file, line: 1, column: 1) }

    private func position(of mark: Mark?) -> SourcePosition {
        guard let mark else { return start }
        return SourcePosition(file: file, line: mark.line, column: mark.column)
    }

    private func refusal(_ code: DiagnosticCode, _ message: String, at position: SourcePosition) -> ConfigFailure {
        ConfigFailure(diagnostics + [ConfigDiagnostic(code, message, at: position)])
    }

    private mutating func report(
        _ code: DiagnosticCode, _ message: String, at position: SourcePosition, hint: String? = nil
    ) {
        guard diagnostics.count < 200 else { return }
        diagnostics.append(ConfigDiagnostic(code, message, at: position, hint: hint))
    }
}

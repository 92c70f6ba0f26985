import Config
import Plugins

/// What a script declares of itself.
struct ScriptManifest {
    /// What it asks for. A name of the form `$config.KEY` stands for what its configuration says there.
    struct Uses {
        var upstreams: [String] = []
        var stores: [String] = []
        var secrets: [String] = []
        var environment: [String] = []
        var timers = false

        func resolved(by configuration: JSONValue) -> Uses {
            var resolved = self
            resolved.upstreams = upstreams.flatMap { Self.names($0, configuration) }
            resolved.stores = stores.flatMap { Self.names($0, configuration) }
            resolved.secrets = secrets.flatMap { Self.names($0, configuration) }
            return resolved
        }

        private static func names(_ name: String, _ configuration: JSONValue) -> [String] {
            guard name.hasPrefix("$config.") else { return [name] }
            var value: JSONValue? = configuration
            for key in name.dropFirst(8).split(separator: ".") {
                guard case .object(let members) = value else { return [] }
                value = members.first { $0.key == key }?.value
            }
            switch value {
            case .string(let text): return text.isEmpty ? [] : [text]
            case .array(let items):
                return items.compactMap { item in
                    if case .string(let text) = item { return text }
                    return nil
                }
            default: return []
            }
        }
    }

    var version = ""
    var phases: Set<String> = []
    var requestBody = ScriptProgram.Body.none
    var responseBody = ScriptProgram.Body.none
    var uses = Uses()
    var schema: ScriptSchema

    /// - Throws: `LuaFailure` with what does not fit.
    init(_ findings: LuaInspection.Findings, script: ScriptProgram) throws(LuaFailure) {
        let tree: ConfigNode
        do throws(ConfigFailure) {
            tree = try YAMLReader.read(findings.description, file: script.path)
        } catch {
            throw Self.failure("what the filter declares cannot be read: \(error.diagnostics.first?.message ?? "")")
        }
        version = Self.text(tree["version"]) ?? ""
        phases = Set(Self.texts(tree["phases"]))
        requestBody = try Self.body(tree["request_body"], "request_body")
        responseBody = try Self.body(tree["response_body"], "response_body")
        uses = try Self.uses(tree["uses"])
        let node =
            tree["schema"]
            ?? ConfigNode(
                .mapping([
                    ConfigNode.Entry(
                        key: "type", keyPosition: .unknown, value: ConfigNode(.scalar(ConfigNode.Scalar("object")))),
                    ConfigNode.Entry(
                        key: "additionalProperties", keyPosition: .unknown,
                        value: ConfigNode(.scalar(ConfigNode.Scalar("false")))),
                ]))
        do throws(ScriptSchemaError) {
            schema = try ScriptSchema.decode(node)
        } catch {
            throw Self.failure(error.description)
        }
        try check(findings)
    }

    /// What the script used while it was loaded must be declared, and phases must fit the bodies.
    private func check(_ findings: LuaInspection.Findings) throws(LuaFailure) {
        for name in findings.stores where !uses.stores.contains(name) && !uses.stores.contains(where: Self.isVariable) {
            throw Self.failure("the store \"\(name)\" is used and not declared: uses = { store = { \"\(name)\" } }")
        }
        for name in findings.secrets where !uses.secrets.contains(name) {
            throw Self.failure("the secret \"\(name)\" is used and not declared: uses = { secrets = { \"\(name)\" } }")
        }
        for name in findings.environment where !uses.environment.contains(name) {
            throw Self.failure("the variable \"\(name)\" is used and not declared: uses = { env = { \"\(name)\" } }")
        }
        if phases.contains("on_request_body"), requestBody != .stream {
            throw Self.failure("on_request_body is only called with request_body = \"stream\"")
        }
        if phases.contains("on_response_body"), responseBody != .stream {
            throw Self.failure("on_response_body is only called with response_body = \"stream\"")
        }
    }

    private static func isVariable(_ name: String) -> Bool { name.hasPrefix("$config.") }

    func apply(to program: inout ScriptProgram) {
        program.version = version
        program.phases = phases
        program.requestBody = requestBody
        program.responseBody = responseBody
    }

    private static func failure(_ message: String) -> LuaFailure { LuaFailure(kind: .error, message: message) }

    private static func text(_ node: ConfigNode?) -> String? {
        guard case .scalar(let scalar) = node?.content, !scalar.isNull else { return nil }
        return scalar.text
    }

    private static func texts(_ node: ConfigNode?) -> [String] {
        guard case .sequence(let items) = node?.content else { return [] }
        return items.compactMap(text)
    }

    private static func body(_ node: ConfigNode?, _ key: String) throws(LuaFailure) -> ScriptProgram.Body {
        guard let node, !node.isNull else { return .none }
        guard let text = text(node), let body = ScriptProgram.Body(rawValue: text) else {
            throw failure("\(key) is \"none\", \"stream\" or \"buffer\"")
        }
        return body
    }

    private static func uses(_ node: ConfigNode?) throws(LuaFailure) -> Uses {
        guard let node, !node.isNull else { return Uses() }
        // An empty Lua table is an object and a list at once.
        if case .sequence(let items) = node.content, items.isEmpty { return Uses() }
        guard case .mapping(let entries) = node.content else { throw failure("uses is a table") }
        var uses = Uses()
        for entry in entries {
            switch entry.key {
            case "http": uses.upstreams = texts(entry.value)
            case "store": uses.stores = texts(entry.value)
            case "secrets": uses.secrets = texts(entry.value)
            case "env": uses.environment = texts(entry.value)
            case "timers": uses.timers = text(entry.value) == "true"
            default:
                throw failure("uses has no key \"\(entry.key)\"; known: http, store, secrets, env, timers")
            }
        }
        return uses
    }
}

/// The documents that are generated from the description of the format that also decodes it.
package enum ConfigSchema {
    /// A JSON Schema (draft 2020-12) of a configuration file, pretty-printed with keys in a stable order.
    package static func jsonSchema() -> String {
        var definitions = SchemaDefinitions()
        let root = definitions.schema(of: GatewaySchema.root.description, isRoot: true)
        guard case .object(var members) = root else { return "" }
        members.insert(
            contentsOf: [
                JSONValue.Member(key: "$schema", value: "https://json-schema.org/draft/2020-12/schema"),
                JSONValue.Member(key: "$id", value: "urn:gateway:configuration"),
                JSONValue.Member(key: "title", value: "Gateway configuration"),
            ], at: 0)
        members.append(JSONValue.Member(key: "$defs", value: .object(definitions.all)))
        return JSONValue.object(members).pretty() + "\n"
    }

    /// The reference page of every key, in Markdown.
    package static func referenceMarkdown() -> String { ReferencePage().text() }
}

/// Collects one definition per object of the format while types refer to them.
private struct SchemaDefinitions {
    private var objects: [JSONValue.Member] = []

    /// In the order of first use, after the texts with a grammar of their own.
    var all: [JSONValue.Member] { Self.grammars + objects }

    private static let grammars: [JSONValue.Member] = [
        JSONValue.Member(
            key: "expansion",
            value: [
                "description": "Text with ${NAME}, ${NAME:-default} or ${file:/path}.", "type": "string",
                "pattern": #"\$\{"#,
            ]),
        JSONValue.Member(
            key: "duration",
            value: [
                "description": "A duration such as 250ms, 5s, 1m30s or 1h.", "type": "string",
                "pattern": #"^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$|\$\{"#,
            ]),
        JSONValue.Member(
            key: "size",
            value: [
                "description": "Bytes, plain or with a unit: 4096, 64KiB, 10MiB, 1GiB.",
                "anyOf": [
                    ["type": "integer", "minimum": 0],
                    ["type": "string", "pattern": #"^[0-9]+(KiB|MiB|GiB|TiB)?$|\$\{"#],
                ],
            ]),
        JSONValue.Member(
            key: "socket-address",
            value: [
                "description": "host:port, [v6]:port or unix:/path.", "type": "string",
                "pattern": #"^([0-9.]+|\[[0-9a-fA-F:.]+\]):[0-9]+$|^unix:/|\$\{"#,
            ]),
        JSONValue.Member(
            key: "upstream-url",
            value: [
                "description": "http://host[:port] or https://host[:port].", "type": "string",
                "pattern": #"^[hH][tT][tT][pP][sS]?://[^/?#@]+/?$|\$\{"#,
            ]),
    ]

    mutating func schema(of type: TypeDescription) -> JSONValue {
        switch type {
        case .scalar(let scalar): .object(scalar.schema)
        case .choice(let words): choice(of: words)
        case .list(let element, let countMin):
            countMin == 0
                ? ["type": ["array", "null"], "items": schema(of: element)]
                : ["type": "array", "items": schema(of: element), "minItems": .integer(countMin)]
        case .map(_, let value): ["type": ["object", "null"], "additionalProperties": schema(of: value)]
        case .object(let object): reference(to: object)
        case .either(let types):
            .object([JSONValue.Member(key: "anyOf", value: .array(types.map { schema(of: $0) }))])
        }
    }

    /// Numbers may be written without quotation marks, so that `status: 308` is one of the words.
    private func choice(of words: [String]) -> JSONValue {
        var values: [JSONValue] = []
        for word in words {
            values.append(Int(word).map { .integer($0) } ?? .string(word))
            // YAML 1.1 readers, many editors among them, take a bare `off` for false.
            if word == "off" { values.append(false) }
        }
        return ["anyOf": [["enum": .array(values)], ["$ref": "#/$defs/expansion"]]]
    }

    private mutating func reference(to object: ObjectDescription) -> JSONValue {
        if !objects.contains(where: { $0.key == object.name }) {
            let index = objects.count
            objects.append(JSONValue.Member(key: object.name, value: .object([])))
            objects[index].value = schema(of: object, isRoot: false)
        }
        return ["$ref": .string("#/$defs/" + object.name)]
    }

    mutating func schema(of object: ObjectDescription, isRoot: Bool) -> JSONValue {
        var properties: [JSONValue.Member] = []
        for field in object.fields {
            var members = [JSONValue.Member(key: "description", value: .string(field.doc))]
            if let value = field.defaultValue { members.append(JSONValue.Member(key: "default", value: value)) }
            if case .object(let type) = schema(of: field.type) {
                members += type.filter { $0.key != "description" }
            }
            properties.append(JSONValue.Member(key: field.key, value: .object(members)))
        }
        var members = [
            JSONValue.Member(key: "description", value: .string(object.doc)),
            // A key without a value is an empty mapping.
            JSONValue.Member(key: "type", value: ["object", "null"]),
            JSONValue.Member(key: "properties", value: .object(properties)),
        ]
        let required = object.fields.filter(\.isRequired).map { JSONValue.string($0.key) }
        if !required.isEmpty { members.append(JSONValue.Member(key: "required", value: .array(required))) }
        if isRoot { members.append(JSONValue.Member(key: "patternProperties", value: ["^x-": true])) }
        members.append(JSONValue.Member(key: "additionalProperties", value: false))
        return .object(members)
    }
}

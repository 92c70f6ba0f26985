import Testing

@testable import Config

@Suite("JSON Schema of a filter's configuration") struct ScriptSchemaDocumentTests {
    private static let variable = #"{ "type": "string", "pattern": "\\$\\{" }"#

    @Test(arguments: [
        ("{}", "{}"), ("{description: D., title: T}", #"{ "title": "T", "description": "D." }"#),
        (
            "{type: string, secret: true, default: x}",
            #"{ "x-secret": true, "type": ["string", "number", "boolean"] }"#
        ),
        (
            "{type: boolean, deprecated: true}",
            #"{ "deprecated": true, "anyOf": [{ "type": "boolean" }, \#(variable)] }"#
        ),
        (
            "{minimum: 1, default: 2}",
            #"{ "default": 2, "anyOf": [{ "type": "number", "minimum": 1 }, \#(variable)] }"#
        ),
        (
            "{enum: [a, b], type: [string, 'null']}",
            #"{ "anyOf": [{ "anyOf": [{ "enum": ["a", "b"] }, { "type": "null" }] }, \#(variable)] }"#
        ),
        (
            "{items: {type: 'null'}, minItems: 1, uniqueItems: true}",
            #"{ "type": ["array", "null"], "items": { "type": "null" }, "minItems": 1, "uniqueItems": true }"#
        ),
        (
            "{properties: {a: {}, b: {default: 1}}, required: [b, a]}",
            #"{ "type": ["object", "null"], "properties": { "a": {}, "b": { "default": 1 } }, "#
                + #""required": ["a"], "additionalProperties": false }"#
        ),
        ("{type: object}", #"{ "type": ["object", "null"] }"#),
        (
            "{format: duration, default: 5s, maximum: 1m}",
            #"{ "description": "A duration such as 250ms, 5s, 1m30s or 1h, at most 1m.", "default": "5s", "#
                + #""anyOf": [{ "type": "string", "pattern": "^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$" }, "#
                + "\(variable)] }"
        ),
        // A default that holds a secret is left out as a whole.
        (
            "{properties: {a: {type: 'null', secret: true}}, default: {}}",
            #"{ "type": ["object", "null"], "properties": { "a": { "x-secret": true, "type": "null" } }, "#
                + #""additionalProperties": false }"#
        ),
    ])
    func property(_ text: String, _ expected: String) throws {
        let document = try FlowText.schema("{properties: {p: \(text)}}").document().compact
        #expect(
            document == #"{ "$schema": "https://json-schema.org/draft/2020-12/schema", "type": ["object", "null"], "#
                + #""properties": { "p": \#(expected) }, "additionalProperties": false }"#)
    }

    @Test func alternatives() throws {
        let schema = try FlowText.schema(
            """
            {properties: {n: {}}, required: [n], oneOf: [\
            {title: A, properties: {k: {const: a}, x: {}}, required: [x, n]}, \
            {properties: {k: {const: b, default: b}}}]}
            """)
        #expect(
            schema.document().compact
                == #"{ "$schema": "https://json-schema.org/draft/2020-12/schema", "type": ["object", "null"], "#
                + #""properties": { "n": {} }, "required": ["n"], "oneOf": [{ "title": "A", "#
                + #""type": "object", "#
                + #""properties": { "k": { "const": "a" }, "x": {} }, "required": ["k", "x", "n"] }, "#
                + #"{ "type": ["object", "null"], "properties": { "k": { "default": "b", "const": "b" } } }], "#
                + #""unevaluatedProperties": false }"#
        )
    }
}

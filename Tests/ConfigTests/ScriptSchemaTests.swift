import Testing

@testable import Config

@Suite("schema of a filter's configuration") struct ScriptSchemaTests {
    // MARK: - What the schema may say

    @Test(arguments: [
        // Wrong keywords and types of keywords.
        ("{minimun: 1}", #"/minimun unknown keyword "minimun"; did you mean "minimum"?"#),
        (
            "{properties: {a: {pattern: 'x'}}}",
            #"/properties/a/pattern "pattern" is not supported: use "format" or "enum", or check the text in on_init"#
        ),
        (
            "{properties: {a: {type: strin}}}",
            "/properties/a/type expected one of string, integer, number, boolean, array, object, null, "
                + #"found "strin"; did you mean "string"?"#
        ),
        (
            "{properties: {a/~b: {type: 5}}}",
            "/properties/a~1~0b/type expected one of string, integer, number, boolean, array, object, null, found 5"
        ),
        ("{properties: {a: {type: [string, string]}}}", "/properties/a/type the type string is there twice"),
        ("{properties: {a: {type: []}}}", "/properties/a/type the list of types is empty"),
        ("{properties: {a: true}}", "/properties/a expected a schema, found true"),
        ("{properties: 'a'}", #"/properties expected a mapping of key to schema, found "a""#),
        (
            "{properties: {a: {minLength: -1}}}",
            "/properties/a/minLength expected a whole number that is not negative, found -1"
        ),
        ("{properties: {a: {minimum: '1'}}}", #"/properties/a/minimum expected a number, found "1""#),
        ("{properties: {a: {secret: 1}}}", "/properties/a/secret expected true or false, found 1"),
        ("{properties: {a: {description: [x]}}}", "/properties/a/description expected text, found a list"),
        (
            "{properties: {a: {format: date}}}",
            "/properties/a/format expected one of header-name, host, uri-path, duration, bytes, cidr, regex, "
                + #"found "date""#
        ),
        ("{properties: {a: {items: []}}, required: 'a'}", #"/required expected a list of keys, found "a""#),
        ("{properties: {a: {}}, required: [a, a]}", #"/required/1 "a" is there twice"#),
        ("[1]", " expected a schema, found a list"),
        // Combinations that nothing satisfies, or that say nothing.
        ("{minimum: 1}", " the config of a filter is a mapping: write type = \"object\""),
        ("{type: string}", " the config of a filter is a mapping: write type = \"object\""),
        ("{properties: {a: {minimum: 3, maximum: 2}}}", "/properties/a no number is at least 3 and at most 2"),
        (
            "{properties: {a: {exclusiveMinimum: 2, maximum: 2}}}",
            "/properties/a no number is more than 2 and at most 2"
        ),
        ("{properties: {a: {minLength: 3, maxLength: 2}}}", "/properties/a minLength 3 is larger than maxLength 2"),
        ("{properties: {a: {minItems: 3, maxItems: 2}}}", "/properties/a minItems 3 is larger than maxItems 2"),
        ("{properties: {a: {type: integer, minLength: 1}}}", "/properties/a/minLength needs the type string"),
        ("{properties: {a: {type: string, items: {}}}}", "/properties/a/items needs the type array"),
        (
            "{properties: {a: {type: boolean, format: bytes}}}",
            "/properties/a/format needs the type string or integer or number"
        ),
        (
            "{properties: {a: {type: integer, format: duration}}}",
            "/properties/a/format needs the type string or number"
        ),
        (
            "{properties: {a: {format: duration, maxLength: 2}}}",
            "/properties/a/maxLength does not go with a duration or a size: use minimum and maximum"
        ),
        ("{properties: {rate: {}}, required: [rat]}", #"/required/0 "rat" is no property; did you mean "rate"?"#),
        ("{type: object, required: [x]}", #"/required/0 "x" is no property"#),
        // Literals that their own schema refuses.
        (
            "{properties: {a: {type: integer, default: '1'}}}",
            #"/properties/a/default expected an integer, found "1""#
        ),
        ("{properties: {a: {type: string, default: 12}}}", #"/properties/a/default expected text, found "12""#),
        (
            "{properties: {a: {type: integer, maximum: 9, default: 12}}}",
            #"/properties/a/default "12" is out of range, at most 9 is allowed"#
        ),
        ("{properties: {a: {enum: [x, y], default: z}}}", #"/properties/a/default "z" is not one of x, y"#),
        (
            "{properties: {a: {default: null}}}",
            "/properties/a/default must not be null; give the type null to allow it"
        ),
        (
            "{properties: {a: {enum: []}}}",
            "/properties/a/enum expected a list of values that is not empty, found a list"
        ),
        ("{properties: {a: {enum: [1, 1.0]}}}", "/properties/a/enum/1 the value is there twice"),
        ("{properties: {a: {type: string, enum: [x, 2]}}}", #"/properties/a/enum/1 expected text, found "2""#),
        (
            "{properties: {a: {const: 1, minimum: 2}}}",
            #"/properties/a/const "1" is out of range, at least 2 is allowed"#
        ),
        ("{properties: {a: {format: duration, default: 5}}}", #"/properties/a/default "5" has no unit"#),
        (
            "{properties: {a: {properties: {b: {items: {type: integer}}}, default: {b: [1, x]}}}}",
            #"/properties/a/default/b/1 expected an integer, found "x""#
        ),
        (
            "{properties: {a: {properties: {b: {}}, required: [b], default: {}}}}",
            #"/properties/a/default the key "b" is missing"#
        ),
        (
            "{properties: {a: {type: integer, secret: true, default: hunter2}}}",
            "/properties/a/default expected an integer, found another value"
        ),
        // Alternatives.
        (
            "{properties: {a: {type: [object, string], oneOf: [{properties: {k: {const: a}}}]}}}",
            "/properties/a/oneOf needs the type object alone"
        ),
        ("{oneOf: []}", "/oneOf expected a list of schemas that is not empty, found a list"),
        (
            "{oneOf: [{properties: {k: {const: a}}}, {properties: {k: {const: a}}}]}",
            "/oneOf the alternatives need one property that all have, each with its own \"const\""
        ),
        (
            "{oneOf: [{properties: {k: {const: a}}}, {properties: {j: {const: b}}}]}",
            "/oneOf the alternatives need one property that all have, each with its own \"const\""
        ),
        (
            "{oneOf: [{properties: {k: {const: a}}, secret: true}]}",
            "/oneOf/0/secret does not go into an alternative, but beside \"oneOf\""
        ),
        (
            "{oneOf: [{properties: {k: {const: a}}, additionalProperties: true}]}",
            "/oneOf/0 an alternative names its properties, and additionalProperties belongs beside \"oneOf\""
        ),
        ("{oneOf: [{properties: {k: {const: a}}, required: [other]}]}", #"/oneOf/0/required/0 "other" is no property"#),
        (
            "{properties: {x: {}}, oneOf: [{properties: {k: {const: a}, x: {}}}]}",
            "/oneOf/0/properties/x is already a property beside \"oneOf\""
        ),
        (
            "{properties: {k: {default: c}}, oneOf: [{properties: {k: {const: a}}}]}",
            "/oneOf the default of \"k\" names no alternative"
        ),
        (
            "{oneOf: [{properties: {k: {const: a, default: a}}}, {properties: {k: {const: b, default: b}}}]}",
            "/oneOf only one alternative may give \"k\" a default"
        ),
    ])
    func refuses(_ text: String, _ expected: String) throws {
        let node = try FlowText.node(text)
        let error = #expect(throws: ScriptSchemaError.self) { try ScriptSchema.decode(node) }
        let problems = error?.problems.map { "\($0.pointer) \($0.message)".split(separator: "; known: ")[0] }
        #expect(problems == [expected[...]])
    }

    @Test func allProblemsAtOnce() throws {
        let node = try FlowText.node("{titel: x, properties: {a: {type: x}, b: {minimum: no}}, required: [c]}")
        let error = #expect(throws: ScriptSchemaError.self) { try ScriptSchema.decode(node) }
        let pointers = error?.problems.map(\.pointer)
        #expect(pointers == ["/titel", "/properties/a/type", "/properties/b/minimum", "/required/0"])
        #expect(error?.description.hasPrefix(#"schema/titel: unknown keyword "titel"; did you mean "title"?"#) == true)
    }

    @Test(arguments: [(15, true), (16, false), (60, false)])
    func depthIsLimited(_ nested: Int, _ isAllowed: Bool) throws {
        let text =
            "{properties: {a: " + String(repeating: "{items: ", count: nested - 1) + "{}"
            + String(repeating: "}", count: nested - 1) + "}}"
        let node = try FlowText.node(text)
        #expect(((try? ScriptSchema.decode(node)) != nil) == isAllowed)
    }

    @Test(arguments: [(499, true), (500, false), (2000, false)])
    func nodesAreLimited(_ count: Int, _ isAllowed: Bool) throws {
        let properties = (0..<count).map { "p\($0): {}" }.joined(separator: ", ")
        let node = try FlowText.node("{properties: {" + properties + "}}")
        #expect(((try? ScriptSchema.decode(node)) != nil) == isAllowed)
    }

    /// Lua has one table for lists and mappings, and an encoder must guess for an empty one.
    @Test func emptyTablesAreBoth() throws {
        let schema = try FlowText.schema("{properties: {a: [], l: {items: [], default: {}}}, required: {}}")
        #expect(schema.check(nil, at: .unknown, path: "").value == ["l": []])
        #expect(try FlowText.schema("[]").check(nil, at: .unknown, path: "").value == .object([]))
    }
}

/// Flow-style YAML on one line, as far as these tests need it; `$'…'` is a text that a variable gave.
enum FlowText {
    struct Failure: Error { var rest: String }

    static func node(_ text: String) throws -> ConfigNode {
        var reader = Reader(characters: Array(text))
        let node = try reader.node()
        guard reader.index == reader.characters.count else { throw reader.failure }
        return node
    }

    static func schema(_ text: String) throws -> ScriptSchema { try ScriptSchema.decode(node(text)) }

    private struct Reader {
        let characters: [Character]
        var index = 0

        var failure: Failure { Failure(rest: String(characters[index...])) }
        var position: SourcePosition { SourcePosition(file: "f", line: 1, column: index + 1) }
        var next: Character? { index < characters.count ? characters[index] : nil }

        mutating func take(_ character: Character) -> Bool {
            guard next == character else { return false }
            index += 1
            while next == " " { index += 1 }
            return true
        }

        mutating func scalar() throws -> ConfigNode.Scalar {
            let isExpanded = take("$")
            if take("'") {
                let start = index
                while let character = next, character != "'" { index += character == "'" ? 0 : 1 }
                let text = String(characters[start..<index])
                guard take("'") else { throw failure }
                return ConfigNode.Scalar(
                    text, style: isExpanded ? .expanded : .quoted, written: isExpanded ? "${V}" : nil)
            }
            let start = index
            while let character = next, !",:]}".contains(character) || isInnerColon { index += 1 }
            return ConfigNode.Scalar(String(characters[start..<index]))
        }

        private var isInnerColon: Bool {
            next == ":" && index + 1 < characters.count && characters[index + 1] != " "
        }

        mutating func node() throws -> ConfigNode {
            let position = position
            if take("{") {
                var entries: [ConfigNode.Entry] = []
                while !take("}") {
                    let keyPosition = self.position
                    let key = try scalar().text
                    guard take(":") else { throw failure }
                    entries.append(ConfigNode.Entry(key: key, keyPosition: keyPosition, value: try node()))
                    guard take(",") || next == "}" else { throw failure }
                }
                return ConfigNode(.mapping(entries), at: position)
            }
            if take("[") {
                var nodes: [ConfigNode] = []
                while !take("]") {
                    nodes.append(try node())
                    guard take(",") || next == "]" else { throw failure }
                }
                return ConfigNode(.sequence(nodes), at: position)
            }
            return ConfigNode(.scalar(try scalar()), at: position)
        }
    }
}

import Testing

@testable import Config

@Suite("check of a filter's configuration") struct ScriptSchemaCheckTests {
    static let position = SourcePosition(file: "m", line: 7, column: 3)

    private func check(
        _ schema: String, _ config: String?
    ) throws -> (value: JSONValue?, diagnostics: [ConfigDiagnostic]) {
        let node = try config.map(FlowText.node)
        return try FlowText.schema(schema).check(node, at: Self.position, path: "middleware[x].config")
    }

    // MARK: - What comes out

    @Test(arguments: [
        // One property `a`: its schema, what is written, and what the filter gets.
        ("{type: string}", "12", #""12""#), ("{type: string}", "true", #""true""#), ("{type: string}", "''", #""""#),
        ("{type: string}", "$''", #""""#), ("{type: integer}", "12", "12"), ("{type: integer}", "-3", "-3"),
        ("{type: integer}", "2.0", "2"), ("{type: integer}", "$'12'", "12"), ("{type: number}", "1.5e1", "15"),
        ("{type: number}", ".5", "0.5"), ("{type: number}", "$'2.5'", "2.5"), ("{type: boolean}", "True", "true"),
        ("{type: boolean}", "$'false'", "false"), ("{type: [string, integer]}", "12", "12"),
        ("{type: [string, integer]}", "'12'", #""12""#), ("{type: [string, integer]}", "1.5", #""1.5""#),
        ("{type: [string, boolean]}", "true", "true"), ("{type: object}", "null", "{}"),
        ("{type: array}", "null", "[]"), ("{type: [string, 'null']}", "$''", #""""#),
        // Anything.
        (
            "{}", "{z: 1, b: [x, 1.5, '2', true, $'3'], n: null}",
            #"{ "b": ["x", 1.5, "2", true, "3"], "z": 1 }"#
        ),
        ("{type: object}", "{k: {l: 1}}", #"{ "k": { "l": 1 } }"#),
        ("{additionalProperties: {type: integer}}", "{y: 1, x: 2}", #"{ "x": 2, "y": 1 }"#),
        ("{properties: {p: {}}, additionalProperties: true}", "{q: 1}", #"{ "q": 1 }"#),
        // Closed sets: the value as the schema writes it.
        ("{enum: [x, y]}", "x", #""x""#), ("{enum: [1, 2]}", "2.0", "2"), ("{enum: ['1', 2]}", "1", #""1""#),
        ("{enum: ['on', true]}", "on", #""on""#), ("{const: 5}", "5", "5"), ("{enum: [[1, 2]]}", "[1, 2]", "[1, 2]"),
        // Formats.
        ("{format: duration}", "1m30s", "90"), ("{format: duration}", "250ms", "0.25"),
        ("{type: number, format: duration}", "$'5s'", "5"),
        (
            "{type: [boolean, string], format: duration}", "false",
            "false"
        ),
        ("{format: bytes}", "64KiB", "65536"), ("{format: bytes}", "12", "12"), ("{format: bytes}", "'12'", "12"),
        ("{type: integer, format: bytes, maximum: 1MiB}", "1MiB", "1048576"),
        ("{format: duration, enum: [1s, 1m]}", "60s", "60"),
        ("{format: header-name}", "x-tenant", #""x-tenant""#), ("{format: host}", "a.example", #""a.example""#),
        ("{format: host}", "'::1'", #""::1""#), ("{format: host}", "'[::1]'", #""[::1]""#),
        ("{format: host}", "10.0.0.1", #""10.0.0.1""#), ("{format: uri-path}", "/a/%20b", #""/a/%20b""#),
        ("{format: cidr}", "10.0.0.0/8", #""10.0.0.0/8""#), ("{format: regex}", "^a$", #""^a$""#),
        // Bounds include their ends.
        ("{minimum: 1, maximum: 2}", "1", "1"), ("{minimum: 1, maximum: 2}", "2", "2"),
        ("{exclusiveMinimum: 1}", "1.5", "1.5"), ("{minLength: 2, maxLength: 2}", "é€", #""é€""#),
        ("{items: {type: integer}, minItems: 1, uniqueItems: true}", "[2, 1]", "[2, 1]"),
    ])
    func gives(_ property: String, _ written: String, _ expected: String) throws {
        let (value, diagnostics) = try check("{properties: {a: \(property)}}", "{a: \(written)}")
        #expect(diagnostics.isEmpty)
        #expect(value?.compact == "{ \"a\": \(expected) }")
    }

    @Test func emptyVariableMayBeNull() throws {
        let (value, diagnostics) = try check("{properties: {a: {type: [integer, 'null'], default: 1}}}", "{a: $''}")
        #expect(diagnostics.isEmpty)
        #expect(value == .object([]))
    }

    /// Whole numbers stay integers in Lua, and seconds are always numbers.
    @Test func numbersKeepTheirKind() throws {
        let schema = "{properties: {a: {type: number}, b: {type: number}, c: {format: duration}, d: {format: bytes}}}"
        let value = try check(schema, "{a: 2, b: 2.0, c: 2s, d: 2}").value
        #expect(value == ["a": .integer(2), "b": .number(2), "c": .number(2), "d": .integer(2)])
    }

    @Test(arguments: [
        // A schema, a config, and what is wrong: column, path below config, message, hint.
        (
            "{properties: {rate: {type: integer}}}", "{rte: 1}",
            #"2 .rte there is no key "rte" here | did you mean "rate"?"#
        ),
        ("{properties: {a: {}, b: {}}}", "{some: 1}", #"2 .some there is no key "some" here | known keys: a, b"#),
        ("{properties: {}}", "{x y: 1}", #"2 ["x y"] there is no key "x y" here | no key may stand here"#),
        ("{properties: {a: {description: The A.}}, required: [a]}", "{}", #"1  the key "a" is missing | The A."#),
        ("{properties: {a: {type: integer}}}", "{a: x}", #"5 .a expected an integer, found "x""#),
        (
            "{properties: {a: {type: integer}}}", "{a: '1'}",
            #"5 .a expected an integer, found "1" | remove the quotation marks"#
        ),
        (
            "{properties: {a: {type: integer}}}", "{a: 1.5}",
            #"5 .a expected an integer, found "1.5" | write a whole number"#
        ),
        (
            "{properties: {a: {type: integer}}}", "{a: 99999999999999999999}",
            #"5 .a expected an integer, found "99999999999999999999" | the number is too large"#
        ),
        (
            "{properties: {a: {type: number}}}", "{a: 1e999}",
            #"5 .a expected a number, found "1e999" | the number is too large"#
        ),
        ("{properties: {a: {type: number}}}", "{a: .nan}", #"5 .a expected a number, found ".nan""#),
        (
            "{properties: {a: {type: boolean}}}", "{a: yes}",
            #"5 .a expected true or false, found "yes" | write true"#
        ),
        ("{properties: {a: {type: string}}}", "{a: null}", "5 .a expected text, found nothing"),
        ("{properties: {a: {type: string}}}", "{a: [x]}", "5 .a expected text, found a list"),
        ("{properties: {a: {type: array}}}", "{a: x}", #"5 .a expected a list, found "x" | write ["x"]"#),
        ("{properties: {a: {type: array}}}", "{a: {}}", "5 .a expected a list, found a mapping"),
        (
            "{properties: {a: {type: [integer, 'null']}}}", "{a: x}",
            #"5 .a expected an integer or nothing, found "x""#
        ),
        (
            "{properties: {a: {enum: [open, closed]}}}", "{a: opne}",
            #"5 .a "opne" is not one of open, closed | did you mean "open"?"#
        ),
        ("{properties: {a: {enum: ['1', x]}}}", "{a: other}", #"5 .a "other" is not one of 1, x"#),
        (
            "{properties: {a: {type: [string, integer], enum: [1]}}}", "{a: '1'}",
            #"5 .a "1" is not 1 | remove the quotation marks"#
        ),
        (
            "{properties: {a: {minimum: 1, maximum: 9}}}", "{a: 10}",
            #"5 .a "10" is out of range, at least 1 and at most 9 is allowed"#
        ),
        (
            "{properties: {a: {exclusiveMaximum: 9}}}", "{a: 9}",
            #"5 .a "9" is out of range, less than 9 is allowed"#
        ),
        (
            "{properties: {a: {format: duration, minimum: 0.1, maximum: 1m}}}", "{a: 2m}",
            #"5 .a "2m" is out of range, at least 100ms and at most 1m is allowed"#
        ),
        (
            "{properties: {a: {format: bytes, maximum: 1MiB}}}", "{a: 2MiB}",
            #"5 .a "2MiB" is out of range, at most 1MiB is allowed"#
        ),
        ("{properties: {a: {format: duration}}}", "{a: 5}", #"5 .a "5" has no unit | write 5s or 5ms"#),
        (
            "{properties: {a: {format: duration}}}", "{a: [5s]}",
            "5 .a expected a duration such as 5s, found a list"
        ),
        (
            "{properties: {a: {format: bytes}}}", "{a: 5MB}",
            #"5 .a "5MB" has a unit that may mean a power of ten or of two: "MB" | write 5MiB"#
        ),
        ("{properties: {a: {minLength: 1}}}", "{a: ''}", #"5 .a "" has 0 characters, at least 1 may be there"#),
        ("{properties: {a: {items: {type: integer}}}}", "{a: [1, x]}", #"9 .a[1] expected an integer, found "x""#),
        ("{properties: {a: {maxItems: 1}}}", "{a: [1, 2]}", "5 .a the list has 2 items, at most 1 may be there"),
        (
            "{properties: {a: {uniqueItems: true}}}", "{a: [1, 2, 1.0]}",
            #"12 .a[2] "1.0" is already in the list, as item 1"#
        ),
        (
            "{properties: {a: {items: {type: ['null', string]}}}}", "{a: [null]}",
            "6 .a[0] an item of a list cannot be null"
        ),
        (
            "{properties: {a: {format: header-name}}}", "{a: 'x y'}",
            #"5 .a "x y" is not a field name | write for example x-request-id"#
        ),
        (
            "{properties: {a: {format: host}}}", "{a: a:80}",
            #"5 .a "a:80" is not a host | write the host without a port"#
        ),
        ("{properties: {a: {format: host}}}", "{a: 'http://a'}", #"5 .a "http://a" is a URL | write the host alone"#),
        (
            "{properties: {a: {format: uri-path}}}", "{a: a}",
            #"5 .a "a" does not start with a slash | write "/a""#
        ),
        ("{properties: {a: {format: uri-path}}}", "{a: '/a?b'}", #"5 .a "/a?b" holds a query or fragment"#),
        (
            "{properties: {a: {format: cidr}}}", "{a: 10.0.0.0/33}",
            #"5 .a "10.0.0.0/33" is not an IP address or network"#
                + " | write for example 10.0.0.0/8, 192.0.2.1 or fd00::/8"
        ),
        ("{properties: {a: {format: regex}}}", "{a: ''}", #"5 .a "" is an empty expression"#),
        (
            "{properties: {a: {additionalProperties: {type: integer}}}}", "{a: {b: {}}}",
            "9 .a.b expected an integer, found a mapping"
        ),
        // What the schema says is cut and cleaned before it is printed.
        (
            "{properties: {a: {description: 'A.\u{1B}[2J\nB.'}}, required: [a]}", "{}",
            #"1  the key "a" is missing | A.[2J"#
        ),
        ("{properties: {a: {enum: ['x\ty', '']}}}", "{a: other}", #"5 .a "other" is not one of "x\ty", """#),
        (
            "{properties: {a: {enum: [\((1...30).map(String.init).joined(separator: ", "))]}}}", "{a: 12345}",
            "5 .a \"12345\" is not one of " + (1...20).map(String.init).joined(separator: ", ") + ", …"
        ),
        (
            "{properties: {a: {type: [integer, 'null']}}}", "{a: $'x'}",
            "5 .a expected an integer or nothing, found another value"
        ),
        ("{}", "5", #"1  expected a mapping, found "5""#),
        ("{type: object}", "[]", "1  expected a mapping, found a list"),
        // What a variable gave, and secrets, are not repeated.
        ("{properties: {a: {type: integer}}}", "{a: $'hunter2'}", "5 .a expected an integer, found another value"),
        ("{properties: {a: {enum: [hunter]}}}", "{a: $'hunter2'}", "5 .a the value is not hunter"),
        ("{properties: {a: {format: duration}}}", "{a: $'77'}", "5 .a the value has no unit"),
        (
            "{properties: {a: {format: bytes}}}", "{a: $'77XB'}",
            "5 .a the value has an unknown unit | units are KiB, MiB and GiB; plain numbers are bytes"
        ),
        (
            "{properties: {a: {secret: true, type: integer}}}", "{a: hunter2}",
            "5 .a expected an integer, found another value"
        ),
        (
            "{properties: {a: {secret: true, enum: [hunter]}}}", "{a: hunter2}",
            "5 .a the value is not one that is allowed"
        ),
        (
            "{properties: {a: {secret: true, maxLength: 3}}}", "{a: hunter2}",
            "5 .a the value has 7 characters, at most 3 may be there"
        ),
        (
            "{properties: {a: {secret: true, format: uri-path}}}", "{a: hunter2}",
            "5 .a the value does not start with a slash"
        ),
        (
            "{properties: {a: {secret: true, items: {properties: {b: {minimum: 5}}}}}}", "{a: [{b: 3}]}",
            "10 .a[0].b the value is out of range, at least 5 is allowed"
        ),
        (
            "{properties: {a: {secret: true, uniqueItems: true}}}", "{a: [x, x]}",
            "9 .a[1] the value is already in the list, as item 1"
        ),
    ])
    func refuses(_ schema: String, _ config: String, _ expected: String) throws {
        let (value, diagnostics) = try check(schema, config)
        let lines = diagnostics.map { diagnostic in
            "\(diagnostic.position.column) \(diagnostic.path.dropFirst("middleware[x].config".count)) "
                + diagnostic.message + (diagnostic.hint.map { " | " + $0 } ?? "")
        }
        #expect(lines == (expected.isEmpty ? [] : [expected]))
        #expect((value == nil) == !expected.isEmpty)
        #expect(diagnostics.allSatisfy { $0.severity == .error && $0.code == "filter-config" })
    }

    @Test func allProblemsAtOnce() throws {
        let (value, diagnostics) = try check(
            "{properties: {a: {type: integer}, b: {items: {type: boolean}}, c: {}}, required: [c]}",
            "{a: x, b: [1, true, 2], d: 1}")
        #expect(value == nil)
        #expect(diagnostics.map(\.position.column) == [5, 12, 21, 25, 1])
        let many = "{b: [" + Array(repeating: "1", count: 300).joined(separator: ", ") + "]}"
        let cut = try check("{properties: {b: {items: {type: boolean}}}}", many).diagnostics
        #expect(cut.count == 201)
        #expect(cut.last?.message == "100 more errors are not shown")
    }

    @Test func leftOutConfigIsAnEmptyMapping() throws {
        let (value, diagnostics) = try check("{properties: {a: {}}, required: [a]}", nil)
        #expect(value == nil)
        #expect(
            diagnostics.map(\.description) == [
                "m:7:3: error[filter-config]: the key \"a\" is missing\n  at: middleware[x].config"
            ])
        #expect(try check("{properties: {a: {default: 1}}}", nil).value == ["a": 1])
        #expect(try check("{properties: {a: {default: 1}}}", "null").value == ["a": 1])
        let schema = "{properties: {a: {}, b: {default: 2}}, default: {a: 1}}"
        #expect(try check(schema, nil).value == ["a": 1, "b": 2])
        #expect(try check(schema, "{}").value == ["b": 2])
    }

    /// What reading the file already reported is neither reported again nor passed on.
    @Test func failedPartsAreSilent() throws {
        let entry = ConfigNode.Entry(key: "a", keyPosition: .unknown, value: ConfigNode(.failed))
        let (value, diagnostics) = try FlowText.schema("{properties: {a: {type: integer}}, required: [a]}")
            .check(ConfigNode(.mapping([entry])), at: .unknown, path: "")
        #expect(value == nil)
        #expect(diagnostics.isEmpty)
    }

    @Test func deprecatedKeysWarn() throws {
        let schema = "{properties: {old: {deprecated: true, description: Use new., default: 1}, new: {}}}"
        let (value, diagnostics) = try check(schema, "{old: 2}")
        #expect(value == ["old": 2])
        #expect(
            diagnostics.map(\.description) == [
                "f:1:2: warning[filter-config-deprecated]: the key \"old\" is deprecated\n"
                    + "  at: middleware[x].config.old\n  hint: Use new."
            ])
        #expect(try check(schema, "{}").diagnostics.isEmpty)
    }

    // MARK: - Defaults

    @Test(arguments: [
        ("{properties: {b: {default: 1}, a: {default: x}}}", "{}", #"{ "a": "x", "b": 1 }"#),
        ("{properties: {a: {default: 1}}, required: [a]}", "{}", #"{ "a": 1 }"#),
        ("{properties: {a: {format: duration, default: 5s}}}", "{}", #"{ "a": 5 }"#),
        ("{properties: {a: {type: [string, 'null'], default: x}}}", "{a: null}", "{}"),
        // Below an absent object, below a present one, and in the items of a list.
        ("{properties: {o: {properties: {a: {default: 1}, b: {}}}}}", "{}", #"{ "o": { "a": 1 } }"#),
        ("{properties: {o: {properties: {a: {default: 1}, b: {}}}}}", "{o: {b: 2}}", #"{ "o": { "a": 1, "b": 2 } }"#),
        (
            "{properties: {o: {properties: {p: {properties: {a: {default: 1}}}}}}}", "{}",
            #"{ "o": { "p": { "a": 1 } } }"#
        ),
        ("{properties: {o: {properties: {a: {default: 1}}, default: {}}}}", "{}", #"{ "o": { "a": 1 } }"#),
        (
            "{properties: {l: {items: {properties: {a: {default: 1}}}}}}", "{l: [{}, {a: 2}]}",
            #"{ "l": [{ "a": 1 }, { "a": 2 }] }"#
        ),
        ("{additionalProperties: {properties: {a: {default: 1}}}}", "{x: {}}", #"{ "x": { "a": 1 } }"#),
        // Nothing to default, or a key that only the operator can give.
        ("{properties: {o: {properties: {b: {}}}}}", "{}", "{}"),
        ("{properties: {o: {properties: {a: {default: 1}, b: {}}, required: [b]}}}", "{}", "{}"),
        ("{properties: {o: {type: [object, string], properties: {a: {default: 1}}}}}", "{}", "{}"),
        ("{properties: {o: {properties: {a: {default: 1}}}}, required: [o]}", "{}", #"{ "o": { "a": 1 } }"#),
    ])
    func defaults(_ schema: String, _ config: String, _ expected: String) throws {
        let (value, diagnostics) = try check(schema, config)
        #expect(diagnostics.isEmpty)
        #expect(value?.compact == expected)
    }

    // MARK: - Alternatives

    private static let alternatives = """
        {properties: {name: {}, kind: {description: Which.}}, required: [name], oneOf: [\
        {properties: {kind: {const: file}, path: {format: uri-path}}, required: [path]}, \
        {properties: {kind: {const: url}, url: {}, wait: {format: duration, default: 1s}}}]}
        """

    @Test(arguments: [
        ("{kind: file, path: /a, name: n}", #"{ "kind": "file", "name": "n", "path": "/a" }"#),
        ("{kind: url, name: n}", #"{ "kind": "url", "name": "n", "wait": 1 }"#),
        ("{kind: $'url', name: n}", #"{ "kind": "url", "name": "n", "wait": 1 }"#),
        // The keys of all alternatives pass while it is open which one holds.
        (
            "{path: 5, url: x, nme: n}",
            #"the key "kind" is missing; there is no key "nme" here; the key "name" is missing"#
        ),
        ("{kind: fil, name: n, path: x}", #""fil" is not one of file, url"#),
        ("{kind: file, name: n, url: x}", #"there is no key "url" here; the key "path" is missing"#),
        ("{kind: file, path: x}", #""x" does not start with a slash; the key "name" is missing"#),
    ])
    func alternatives(_ config: String, _ expected: String) throws {
        let (value, diagnostics) = try check(Self.alternatives, config)
        #expect(value?.compact ?? diagnostics.map(\.message).joined(separator: "; ") == expected)
    }

    @Test(arguments: [
        "{oneOf: [{properties: {k: {const: a}}}, {properties: {k: {const: b, default: b}}}]}",
        "{properties: {k: {default: b}}, oneOf: [{properties: {k: {const: a}}}, {properties: {k: {const: b}}}]}",
        "{required: [k], oneOf: [{properties: {k: {const: a}}}, {properties: {k: {const: b, default: b}}}]}",
    ])
    func defaultAlternative(_ schema: String) throws {
        #expect(try check(schema, "{}").value == ["k": "b"])
        #expect(try check(schema, "{k: a}").value == ["k": "a"])
        #expect(try check(schema, "{k: c}").value == nil)
    }

    @Test func secretPointers() throws {
        let schema = try FlowText.schema(
            """
            {properties: {key: {secret: true}, o: {additionalProperties: {secret: true}}, \
            l: {items: {properties: {t: {secret: true, properties: {u: {secret: true}}}}}}, p: {}}, \
            oneOf: [{properties: {k: {const: a}, s: {secret: true}}}, {properties: {k: {const: b}, s: {secret: true}}}]}
            """)
        #expect(schema.secretPointers == [["key"], ["l", "*", "t"], ["o", "*"], ["s"]])
        #expect(try FlowText.schema("{secret: true, properties: {a: {secret: true}}}").secretPointers == [[]])
    }
}

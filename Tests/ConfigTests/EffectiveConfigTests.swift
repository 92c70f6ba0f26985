import Testing

@testable import Config

@Suite("effective configuration: paths, names and marks") struct EffectiveConfigTests {
    private typealias Step = EffectivePath.Step

    @Test(
        arguments: [
            ([.key("routes"), .name("users"), .key("timeouts"), .key("request")], "routes[users].timeouts.request"),
            ([.key("routes"), .name("a.b")], #"routes["a.b"]"#),
            ([.key("routes"), .name("a[0]")], #"routes["a[0]"]"#),
            ([.key("routes"), .name(#"a"b"#)], #"routes["a\"b"]"#),
            // An index of an unnamed item looks like this without quotation marks.
            ([.key("routes"), .name("12")], #"routes["12"]"#),
            ([.key("targets"), .index(12), .key("url")], "targets[12].url"),
            ([.key("upstreams"), .key("c d"), .key("targets")], #"upstreams["c d"].targets"#),
            ([.key("set"), .key("x-a.b")], #"set["x-a.b"]"#),
            ([.key("query"), .key("\u{1B}[2J\u{9B}")], #"query["\u001b[2J\u009b"]"#),
        ] as [([EffectivePath.Step], String)])
    func path(_ steps: [EffectivePath.Step], _ expected: String) {
        #expect(steps.reduce(EffectivePath()) { $0.appending($1) }.text == expected)
    }

    @Test(arguments: [
        ("authorization", true), ("Proxy-Authorization", true), ("cookie", true), ("Set-Cookie", true),
        ("X-API-Key", true), ("x_api_key", true), ("apikey", true), ("x-auth-token", true), ("client_secret", true),
        ("db-password", true), ("X-Beta", false), ("key", false), ("author", false), ("", false),
    ])
    func namesOfSecrets(_ name: String, _ isLikely: Bool) {
        #expect(SecretName.isLikely(name) == isLikely)
    }

    /// A key of the format that sounds like a secret and takes free text must say that it is one.
    @Test func secretKeysAreMarked() {
        var unmarked: [String] = []
        for object in GatewaySchema.root.description.reachable() {
            for field in object.fields {
                if SecretName.isLikely(field.key), case .scalar(let scalar) = field.type, scalar.kind == .text,
                    !field.isSecret
                {
                    unmarked.append("\(object.name).\(field.key)")
                }
            }
        }
        #expect(unmarked.isEmpty, "write .field(…).secret")
    }

    private func plain(_ text: String, line: Int = 0) -> ConfigNode {
        ConfigNode(
            .scalar(ConfigNode.Scalar(text)), at: SourcePosition(file: "f", line: line, column: 1))
    }

    private func tree(_ entries: KeyValuePairs<String, ConfigNode>) -> ConfigNode {
        ConfigNode(
            .mapping(entries.map { ConfigNode.Entry(key: $0.key, keyPosition: .unknown, value: $0.value) }))
    }

    private func entry(_ path: String, in effective: EffectiveConfig) -> String? {
        effective.entries.first { $0.path == path }.map { "\($0.value.compact) \($0.origin)" }
    }

    @Test func emptyConfigurationIsAllDefaults() {
        let effective = EffectiveConfig(tree: plain("null"))
        #expect(effective.entries.allSatisfy { $0.origin == .default })
        #expect(entry("listeners[http].address", in: effective) == #""0.0.0.0:8080" default"#)
        #expect(entry("routes", in: effective) == "[] default")
        #expect(entry("upstreams", in: effective) == "{} default")
        #expect(entry("admin.token", in: effective) == #""" default"#)
    }

    @Test func overridesWinAndTellTheirVariable() {
        let written = tree(["workers": plain("2", line: 3), "admin": tree(["address": plain("off", line: 4)])])
        let overrides = [
            EffectiveConfig.Override(path: "workers", value: "8", variable: "W"),
            EffectiveConfig.Override(path: "admin.address", value: "127.0.0.1:1", variable: "A"),
            EffectiveConfig.Override(path: "admin.token", value: "hunter2", variable: "T"),
            EffectiveConfig.Override(path: "no.such.key", value: "x", variable: "X"),
        ]
        let before = EffectiveConfig(tree: written)
        #expect(entry("workers", in: before) == "2 f:3:1")
        let after = EffectiveConfig(tree: written, overrides: overrides)
        #expect(entry("workers", in: after) == "8 environment W")
        #expect(entry("admin.address", in: after) == #""127.0.0.1:1" environment A"#)
        #expect(entry("admin.token", in: after) == #""[redacted]" environment T"#)
        #expect(after.entries.count == before.entries.count)
        #expect(
            EffectiveConfig.changes(from: before, to: after).map(\.path) == ["admin.address", "admin.token", "workers"])
    }

    /// Decoding refuses such trees; should one come here all the same, it is shown without what variables brought.
    @Test func whatFitsNoDescriptionIsShownWithCare() {
        let secret = ConfigNode(.scalar(ConfigNode.Scalar("hunter2", style: .expanded, written: "${S}")))
        let odd = tree(["a": secret, "token": plain("literal")])
        for wrong in [secret, odd, ConfigNode(.sequence([secret, odd])), ConfigNode(.failed)] {
            for key in ["workers", "limits", "routes", "upstreams", "timeouts", "access_log"] {
                let text = EffectiveConfig(tree: tree([key: wrong])).entries.map(\.value.compact).joined()
                #expect(text.splitOnce("hunter2") == nil, "\(key)")
            }
        }
    }
}

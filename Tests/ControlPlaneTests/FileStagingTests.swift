import Config
import Foundation
import GatewayTesting
import Testing

@testable import ControlPlane

@Suite struct FileStagingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var tls: String
        var column: Int
        var message: String
        var severity = ConfigDiagnostic.Severity.error
        var testDescription: String { tls }
    }

    /// Loads a file whose third line is the listener's TLS; `@` stands for the folder of certificates.
    private func diagnostics(_ line: String) throws -> [ConfigDiagnostic] {
        let folder = try TestCertificates.shared.get().directory.path
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "gateway.yaml",
            """
            listeners:
              - address: "127.0.0.1:1"
                tls: \(line.replacingOccurrences(of: "@", with: folder))
            routes: [{ name: a, path: /a, respond: { status: 200 } }]
            """)
        do {
            return try ConfigLoader().load(path: file).warnings
        } catch {
            return error.diagnostics
        }
    }

    @Test(arguments: [
        Row(tls: "{ certificates: [{ cert: @/server.crt, key: @/none.key }] }", column: 0, message: "does not exist"),
        Row(tls: "{ certificates: [{ cert: @/half.crt, key: @/server.key }] }", column: 0, message: "no certificate"),
        Row(tls: "{ certificates: [{ cert: @/server.crt, key: @/other.key }] }", column: 0, message: "not that of"),
        Row(tls: "{ certificates: [{ cert: @/other.crt, key: @/locked.key }] }", column: 0, message: "passphrase"),
        Row(tls: "{ certificates: [] }", column: 0, message: "at least one certificate"),
        Row(
            tls: "{ certificates: [{ cert: @/server.crt, key: @/server.key }], client_auth: { mode: require } }",
            column: 0, message: "needs the key \"ca\""),
        Row(
            tls:
                "{ certificates: [{ cert: @/server.crt, key: @/server.key }],"
                + " client_auth: { mode: require, ca: @/make.sh } }",
            column: 0, message: "no certificate in PEM form"),
        Row(
            tls: "{ certificates: [{ cert: @/expired.crt, key: @/expired.key }] }", column: 0,
            message: "has expired", severity: .warning),
    ])
    func located(_ row: Row) throws {
        let found = try diagnostics(row.tls)
        let one = try #require(found.first { $0.message.contains(row.message) }, "\(found)")
        #expect(one.position.line == 3)
        #expect(one.position.column > 10)
        #expect(one.severity == row.severity)
        #expect(!found.contains { $0.message.contains("PRIVATE KEY") })
    }

    @Test func keysThatHaveEndedAreTold() throws {
        let zeros = String(repeating: "0", count: 64)
        let ones = String(repeating: "1", count: 64)
        let directory = try TemporaryDirectory()
        try directory.write("keys.yaml", "\n- { id: old, hash: \"sha256:\(zeros)\", expires: 2020-01-01 }\n")
        let file = try directory.write(
            "gateway.yaml",
            """
            middleware:
              keys:
                type: api-key
                file: keys.yaml
                keys:
                  - { id: gone, hash: "sha256:\(ones)", expires: 2021-01-01 }
                  - { id: good, hash: "sha256:\(ones.dropLast())2", expires: 2100-01-01 }
            routes: [{ name: a, path: /a, middleware: [keys], respond: { status: 200 } }]
            """)
        let warnings = try ConfigLoader().load(path: file).warnings.filter { $0.code == "expired-key" }
        #expect(warnings.map(\.message) == ["the key \"gone\" has expired", "the key \"old\" has expired"])
        #expect(warnings.map(\.position.line) == [6, 2])
        #expect(warnings.last?.position.file.hasSuffix("keys.yaml") == true)
    }

    @Test(arguments: [
        ("trusted_proxies: [10.0.0.1/8]", 1, "behind its prefix"),
        ("middleware: { a: { type: ip-filter, deny: [10.0.0.1/8] } }", 1, "behind its prefix"),
        ("middleware: { a: { type: jwt, secret: short } }", 1, "too short"),
        ("middleware: { a: { type: jwt, jwks_file: none.json } }", 1, "does not exist"),
        ("middleware: { a: { type: api-key, file: none.yaml } }", 1, "does not exist"),
        ("middleware: { a: { type: cors, origins: [{ regex: \"(\" }] } }", 1, "regular expression"),
        ("middleware: { a: { type: headers }, b: { type: any, of: [a] } }", 1, "neither a jwt, nor"),
    ])
    func whatOnlyMakingFindsIsLocated(_ line: String, _ number: Int, _ message: String) throws {
        let yaml = line + "\nroutes: [{ name: a, path: /a, respond: { status: 200 } }]\n"
        let failure = #expect(throws: ConfigFailure.self) { _ = try ConfigLoader().load(yaml: yaml, file: "f") }
        let found = try #require(failure?.diagnostics.first { $0.message.contains(message) }, "\(failure as Any)")
        #expect(found.position.line == number && found.position.column > 1)
    }

    @Test func listsAndPasswordFilesAreLocated() throws {
        let directory = try TemporaryDirectory()
        try directory.write("deny.txt", "# none of these\n10.0.0.0/8\n\nnonsense # here\n")
        try directory.write("users", "ada:$2y$10$abcdefghijklmnopqrstuu\nbob:plain\n")
        try directory.write(
            "keys.yaml", "- { id: a, hash: \"sha256:\(String(repeating: "0", count: 64))\" }\n- { id: b }\n")
        let file = try directory.write(
            "gateway.yaml",
            """
            middleware:
              a: { type: ip-filter, deny_file: deny.txt }
              b: { type: basic-auth, file: users }
              c: { type: api-key, file: keys.yaml }
            routes: [{ name: a, path: /a, respond: { status: 200 }, middleware: [a, b, c] }]
            """)
        let failure = #expect(throws: ConfigFailure.self) { _ = try ConfigLoader().load(path: file) }
        let places = Set(
            (failure?.diagnostics ?? []).map {
                "\(URL(filePath: $0.position.file).lastPathComponent):\($0.position.line)"
            })
        #expect(places == ["deny.txt:4", "users:2", "keys.yaml:2"])
    }

    @Test func filesAreTakenFromWhereTheConfigurationIs() throws {
        let certificates = try TestCertificates.shared.get()
        let directory = try TemporaryDirectory()
        for name in ["server.crt", "server.key"] {
            try directory.write("tls/\(name)", try String(contentsOfFile: certificates.path(name), encoding: .utf8))
        }
        let file = try directory.write(
            "gateway.yaml",
            """
            listeners:
              - address: "127.0.0.1:1"
                tls: { certificates: [{ cert: tls/server.crt, key: tls/server.key }] }
            routes: [{ name: a, path: /a, respond: { status: 200 } }]
            """)
        let loaded = try ConfigLoader().load(path: file)
        #expect(loaded.warnings.isEmpty)
        #expect(
            loaded.files.map { URL(filePath: $0).lastPathComponent } == ["gateway.yaml", "server.crt", "server.key"])
        // A certificate with another content is another configuration, though the file says the same.
        for kind in ["crt", "key"] {
            try directory.write(
                "tls/server.\(kind)", try String(contentsOfFile: certificates.path("other.\(kind)"), encoding: .utf8))
        }
        #expect(try ConfigLoader().load(path: file).config != loaded.config)
    }
}

import Config
import ControlPlane
import Foundation
import GatewayTesting
import Testing

@Suite("configuration files on disk") struct ConfigLoaderTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func load(_ path: String, _ environment: [String: String] = [:]) throws(ConfigFailure) -> LoadedConfig {
        try ConfigLoader(environment: { environment[$0] }).load(path: path)
    }

    /// `file:line:column: code` of each diagnostic, the directory cut off.
    private func failure(_ path: String, _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try load(path, environment)
            return []
        } catch {
            return error.diagnostics.map { diagnostic in
                let place = diagnostic.position.description.replacingOccurrences(of: directory.path + "/", with: "")
                return "\(place): \(diagnostic.code)"
            }
        }
    }

    @Test func directoryIsMergedInNameOrder() throws {
        try directory.write("20-b.yaml", "routes: [{ name: b, path: /b, upstream: u }]\nworkers: 2\n")
        try directory.write("10-a.yaml", "routes: [{ name: a, path: /a, upstream: http://a }]\nmiddleware:\n")
        try directory.write("30-c.yaml", "upstreams: { u: { targets: [http://u] } }\nmiddleware: {}\n")
        try directory.write("40-d.yaml", "# nothing\n")
        try directory.write("ignored.yml", "no: [yaml")
        try directory.write(".hidden.yaml", "no: [yaml")
        let loaded = try load(directory.path)
        #expect(loaded.config.routes.map(\.name) == ["a", "b"])
        #expect(loaded.config.upstreams.map(\.name) == ["u", "http://a"])
        #expect(loaded.config.workers == 2)
        #expect(
            loaded.files.map { ($0 as NSString).lastPathComponent } == [
                "10-a.yaml", "20-b.yaml", "30-c.yaml", "40-d.yaml",
            ])
        #expect(loaded.warnings.isEmpty)
    }

    @Test func directoryRefusesWhatCannotBeMerged() throws {
        try directory.write(
            "a.yaml", "workers: 1\nupstreams: { u: { targets: [http://a] } }\nroutes:\n  - { name: r, upstream: u }\n")
        try directory.write(
            "b.yaml",
            "workers: 2\nupstreams: { u: { targets: [http://b] } }\nroutes:\n  - { name: r, path: /b, upstream: u }\n")
        try directory.write("c.yaml", "routes: { name: x }\n")
        #expect(
            failure(directory.path) == [
                "b.yaml:1:1: duplicate-section", "b.yaml:2:14: duplicate-name", "b.yaml:4:13: duplicate-name",
                "c.yaml:1:9: wrong-type",
            ])
    }

    @Test func syntaxErrorsOfEveryFileAreReported() throws {
        try directory.write("a.yaml", "routes: [\n")
        try directory.write("b.yaml", "routes: []\n---\nroutes: []\n")
        #expect(failure(directory.path) == ["a.yaml:2:1: yaml-syntax", "b.yaml:2:1: multiple-documents"])
    }

    @Test func missingFileIsLocated() {
        #expect(failure(directory.path + "/none.yaml") == ["none.yaml:1:1: file-unreadable"])
    }

    @Test func directoryWithoutFilesIsAnError() {
        let path = directory.path
        #expect(failure(path) == ["\(path):1:1: no-files"])
    }

    @Test func invalidUTF8IsLocated() throws {
        let path = directory.path + "/a.yaml"
        try Data([0x61, 0x3A, 0x0A, 0xC3, 0xA4, 0xFF, 0x0A]).write(to: URL(fileURLWithPath: path))
        #expect(failure(path) == ["a.yaml:2:2: not-utf8"])
    }

    @Test func tooLargeFileIsRefused() throws {
        let path = try directory.write("a.yaml", String(repeating: "# comment\n", count: 900_000))
        #expect(failure(path) == ["a.yaml:1:1: file-too-large"])
    }

    // MARK: - Mounted secrets

    @Test(arguments: [
        ("s3cr3t\n", "s3cr3t"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("", ""), ("x", "x"), ("\u{E9}\n", "\u{E9}"),
    ])
    func secretLosesOneLineEnd(_ content: String, _ expected: String) throws {
        let secret = try directory.write("token", content)
        let path = try directory.write(
            "a.yaml", "routes: [{ name: a, respond: { body: \"${file:\(secret)}\" } }]\n")
        let loaded = try load(path)
        #expect(loaded.config.routes.first?.action == .respond(status: 200, body: expected, headers: []))
        #expect(loaded.files == [path, secret])
    }

    @Test func secretOverItsLimitIsRefused() throws {
        let secret = try directory.write("token", String(repeating: "x", count: (1 << 20) + 1))
        let path = try directory.write(
            "a.yaml", "admin: { token: \"${file:\(secret)}\" }\nroutes: [{ name: a, respond: {} }]\n")
        #expect(failure(path) == ["a.yaml:1:17: secret-unreadable"])
    }

    @Test func expansionIsBounded() throws {
        let secret = try directory.write("token", String(repeating: "x", count: 1 << 20))
        let routes = (0..<17).map { "  - { name: r\($0), path: /r\($0), respond: { body: \"${file:\(secret)}\" } }\n" }
        let path = try directory.write("a.yaml", "routes:\n" + routes.joined())
        #expect(failure(path).map { $0.split(separator: " ").last } == ["expansion-too-large"])
    }

    @Test func errorsAreCapped() throws {
        let keys = (0..<300).map { "k\($0): 1\n" }.joined()
        let codes = failure(try directory.write("a.yaml", keys)).map { String($0.split(separator: " ")[1]) }
        #expect(codes.filter { $0 == "unknown-key" }.count == 200)
        #expect(codes.filter { $0 == "too-many-errors" }.count == 1)
    }

    /// Kubernetes mounts ConfigMaps and Secrets as links to links.
    @Test func linksAreFollowed() throws {
        let secret = try directory.write("data", "s3cr3t\n")
        let link = directory.path + "/token"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: secret)
        let inner = directory.path + "/config"
        try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
        try directory.write(
            "config/a.yaml", "admin: { token: \"${file:\(link)}\" }\nroutes: [{ name: a, respond: {} }]\n")
        let current = directory.path + "/current"
        try FileManager.default.createSymbolicLink(atPath: current, withDestinationPath: "config")
        let loaded = try load(current)
        #expect(loaded.config.admin.token == "s3cr3t")
        #expect(loaded.files == [current + "/a.yaml", link])
    }

    @Test func secretMustBeARegularFile() throws {
        let path = try directory.write(
            "a.yaml", "admin: { token: \"${file:\(directory.path)}\" }\nroutes: [{ name: a, respond: {} }]\n")
        #expect(failure(path) == ["a.yaml:1:17: secret-unreadable"])
    }

    // MARK: - What was tried

    /// Watching these files is enough to learn that a broken configuration was mended.
    @Test func filesAreToldAlsoOnFailure() throws {
        let secret = try directory.write("token", "x\n")
        let missing = directory.path + "/missing"
        let loader = ConfigLoader(environment: { _ in nil })
        func attempt(_ yaml: String) throws -> (isLoaded: Bool, files: [String]) {
            let (outcome, files) = loader.attempt(path: try directory.write("c.yaml", yaml))
            if case .success(let loaded) = outcome { #expect(loaded.files == files) }
            return ((try? outcome.get()) != nil, files.map { ($0 as NSString).lastPathComponent })
        }
        let routes = "routes: [{ name: a, respond: { body: \"${file:\(secret)}\" } }]\n"
        #expect(try attempt(routes) == (true, ["c.yaml", "token"]))
        #expect(try attempt(routes + "wrong: key\n") == (false, ["c.yaml", "token"]))
        #expect(
            try attempt(routes + "admin: { token: \"${file:\(missing)}\" }\n") == (
                false, ["c.yaml", "token", "missing"]
            ))
        #expect(try attempt("routes: [\n") == (false, ["c.yaml"]))
        let none = directory.path + "/none.yaml"
        #expect(loader.attempt(path: none).files == [none])
        let empty = directory.path + "/empty"
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
        #expect(loader.attempt(path: empty).files == [empty])
    }

    // MARK: - Size

    @Test func tenThousandRoutesLoad() throws {
        let routes = (0..<10_000).map {
            "  - { name: r\($0), path: \"/r\($0)/{id}\", upstream: \"http://10.0.0.1:80\" }\n"
        }
        let loaded = try ConfigLoader(environment: { _ in nil }).load(yaml: "routes:\n" + routes.joined(), file: "a")
        #expect(loaded.config.routes.count == 10_000)
        #expect(loaded.config.upstreams.count == 1)
    }
}

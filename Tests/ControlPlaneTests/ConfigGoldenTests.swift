import Config
import ControlPlane
import GatewayTesting
import Testing

@Suite("configuration files and what they decode to") struct ConfigGoldenTests {
    static let directory = RepositoryFiles.root + "/Tests/ControlPlaneTests/Golden"
    static let environment = [
        "HOST": "10.0.0.7", "PORT": "9000", "TWO": "2", "EMPTY": "", "SECRET": "s3cr3t",
        "INJECT": "x\nworkers: 5 # ]}\"", "NEWLINE": "a\r\nx-b: c",
    ]

    /// Codes that need more than one file, or one too large to be kept, and the tests that make them.
    static let codesTestedElsewhere: Set<DiagnosticCode> = [
        .fileUnreadable, .fileTooLarge, .notUTF8, .noFiles, .duplicateSection, .expansionTooLarge, .tooManyErrors,
        // Given when a configuration is served, not when it is read.
        .cannotListen, .cannotLog, .testFailed, .needsRestart,
    ]

    @Test(arguments: try GoldenFile.all(in: directory, suffix: ".yaml")) func decodes(_ file: GoldenFile) throws {
        try file.expect(Self.outcome(of: file.input))
    }

    @Test func everyCodeHasACase() throws {
        let files = try GoldenFile.all(in: Self.directory, suffix: ".yaml")
        let codes = DiagnosticCode.allCases.filter { code in
            !files.contains { $0.expected.contains("[\(code.rawValue)]") }
        }
        #expect(Set(codes) == Self.codesTestedElsewhere)
    }

    /// A summary, or every error.
    static func outcome(of yaml: String) -> String {
        do {
            let loaded = try ConfigLoader(environment: { environment[$0] }).load(yaml: yaml, file: "gateway.yaml")
            return ConfigSummary.text(of: loaded.config, warnings: loaded.warnings)
        } catch {
            return error.description
        }
    }
}

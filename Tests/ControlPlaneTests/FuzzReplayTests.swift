import Foundation
import GatewayTesting
import Testing

/// Configuration files that once broke the loader, and the seeds of its fuzz target.
@Suite("fuzzed configuration files") struct FuzzReplayTests {
    static let paths = ["crashers", "corpus"].flatMap { kind in
        let directory = RepositoryFiles.root + "/fuzz/\(kind)/yaml"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
        return names.filter { !$0.hasPrefix(".") }.map { "\(directory)/\($0)" }
    }

    @Test func seedsExist() {
        #expect(!Self.paths.isEmpty)
    }

    @Test(arguments: paths) func keepsItsProperty(_ path: String) throws {
        #expect(ConfigProperty.violation([UInt8](try Data(contentsOf: URL(filePath: path)))) == nil)
    }
}

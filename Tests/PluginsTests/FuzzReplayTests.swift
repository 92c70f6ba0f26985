import Foundation
import GatewayTesting
import Testing

/// Bytes that once broke the engine of scripts, the seeds of its fuzz targets, and some made up.
@Suite("fuzzed scripts") struct FuzzReplayTests {
    struct Target: Sendable, CustomTestStringConvertible {
        var name: String
        var violation: @Sendable ([UInt8]) -> String?
        var testDescription: String { name }
    }

    static let targets = [
        Target(name: "script", violation: ScriptProperty.violation),
        Target(name: "script-modules", violation: ModuleProperty.violation),
        Target(name: "script-patterns", violation: MatcherProperty.violation),
        Target(name: "token", violation: TokenProperty.violation),
    ]

    @Test(arguments: targets) func keepsItsProperty(_ target: Target) throws {
        var seen = 0
        for kind in ["crashers", "corpus"] {
            let directory = RepositoryFiles.root + "/fuzz/\(kind)/\(target.name)"
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
            for name in names where !name.hasPrefix(".") {
                seen += 1
                let input = [UInt8](try Data(contentsOf: URL(filePath: "\(directory)/\(name)")))
                #expect(target.violation(input) == nil, "\(kind)/\(target.name)/\(name)")
            }
        }
        #expect(seen > 0, "there are seeds")
    }

    @Test(arguments: targets) func madeUpInputs(_ target: Target) {
        let alphabet = Array("%abds.[]()*+-?^$09 \"{}:,\\=x'\n".utf8)
        var state: UInt64 = 42
        for _ in 0..<300 {
            var input: [UInt8] = []
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            for _ in 0..<(1 + Int(state >> 33) % 40) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let number = Int(state >> 33)
                input.append(number % 8 == 0 ? UInt8(number >> 3 & 0xFF) : alphabet[(number >> 3) % alphabet.count])
            }
            #expect(target.violation(input) == nil, "\(input)")
        }
    }
}

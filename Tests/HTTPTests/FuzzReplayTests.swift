import Foundation
import Testing

/// Inputs that once broke the codec, and the seeds of the fuzz targets: each must keep its target's property. A crasher
/// found by `fuzz/run.sh` is committed under `fuzz/crashers` and stays there.
@Suite("fuzz inputs") struct FuzzReplayTests {
    struct Input: CustomTestStringConvertible, Sendable {
        var target: String
        var path: String
        var testDescription: String { path }
    }

    static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "fuzz")

    static let targets = ["request-head", "response-head", "chunked-body", "path", "log-text"]

    static let inputs: [Input] = targets.flatMap { target in
        ["crashers", "corpus"].flatMap { kind in
            let directory = root.appending(path: "\(kind)/\(target)").path
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
            return names.filter { !$0.hasPrefix(".") }.map { Input(target: target, path: "\(directory)/\($0)") }
        }
    }

    @Test func seedsExist() {
        #expect(Set(Self.inputs.map(\.target)).count == Self.targets.count)
    }

    @Test(arguments: inputs) func keepsItsProperty(_ input: Input) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: input.path)))
        let violation =
            switch input.target {
            case "request-head": RequestHeadProperty.violation(bytes)
            case "response-head": ResponseHeadProperty.violation(bytes)
            case "chunked-body": ChunkedBodyProperty.violation(bytes)
            case "log-text": LogTextProperty.violation(bytes)
            default: PathProperty.violation(bytes)
            }
        #expect(violation == nil)
    }
}

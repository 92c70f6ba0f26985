import Config
import ControlPlane
import GatewayTesting
import Testing

/// Hostile and broken files: loading must end with a configuration or with located errors, whatever comes.
@Suite("damaged configuration files") struct ConfigMutationTests {
    /// SplitMix64: the same seed damages the same bytes on every machine.
    struct SeededGenerator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// Texts that mean something to YAML or to the decoder, so that damage reaches further than the scanner.
    static let fragments = [
        "[", "]", "{", "}", ":", ": ", "- ", "? ", "&a ", "*a", "<<: *a\n", "\"", "'", "|\n", ">-\n", "#", "\n", "\n  ",
        "---\n", "...\n", "%YAML 1.2\n", "!!str ", "!x ", "${", "}", "$${", "${HOST}", "\t", "\0", "\u{FEFF}", "\u{85}",
        "ä", "😀", "null", "~", "0x1", "-1", "1e9", "99999999999999999999", "routes:\n", "name: a\n", "/*", "{id}", "\\",
        "http://", "off", "\r\n", "5s", "10MiB",
    ]

    @Test(arguments: 0..<24) func damageNeverTraps(_ seed: Int) throws {
        let files = try GoldenFile.all(in: ConfigGoldenTests.directory, suffix: ".yaml")
        var generator = SeededGenerator(state: UInt64(seed))
        for _ in 0..<120 {
            guard let file = files.randomElement(using: &generator) else { return }
            var bytes = Array(file.input.utf8)
            for _ in 0...Int.random(in: 0..<6, using: &generator) { damage(&bytes, &generator) }
            check(String(decoding: bytes, as: UTF8.self))
        }
    }

    private func damage(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let end = min(bytes.count, place + Int.random(in: 0..<12, using: &generator))
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &generator))
        case 2 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 3: bytes.removeSubrange(place...)
        default:
            let fragment = Self.fragments[Int.random(in: 0..<Self.fragments.count, using: &generator)]
            bytes.replaceSubrange(place..<end, with: fragment.utf8)
        }
    }

    /// Every failure has at least one error, and each of them a place within the file.
    private func check(_ text: String) {
        do {
            let loaded = try ConfigLoader(environment: { ConfigGoldenTests.environment[$0] })
                .load(yaml: text, file: "damaged.yaml")
            #expect(loaded.warnings.allSatisfy { $0.severity == .warning }, "\(text)")
        } catch {
            #expect(error.diagnostics.contains { $0.severity == .error }, "\(text)")
            for diagnostic in error.diagnostics {
                #expect(diagnostic.position.file == "damaged.yaml" && diagnostic.position.line > 0, "\(text)")
                #expect(diagnostic.position.column > 0 && !diagnostic.message.isEmpty, "\(text)")
            }
        }
    }

    // MARK: - Bombs

    static let bombs: [(name: String, text: String)] = [
        ("brackets", String(repeating: "[", count: 1_000_000)),
        ("braces", String(repeating: "{", count: 1_000_000)),
        ("closed brackets", String(repeating: "[", count: 900) + String(repeating: "]", count: 900)),
        ("dashes", String(repeating: "- ", count: 500_000)),
        ("explicit keys", String(repeating: "? ", count: 500_000)),
        (
            "explicit keys around a list",
            String(repeating: "? ", count: 900) + "[" + String(repeating: "a,", count: 500_000) + "]"
        ),
        ("keys in keys", nested(900) + String(repeating: "a,", count: 300_000) + closed(900)),
        ("commas", "[" + String(repeating: "a,", count: 4_000_000) + "]"),
        ("aliases", aliases(levels: 30, width: 2) + "x: *a29\n"),
        ("aliases as a key", aliases(levels: 60, width: 2) + "? *a59\n: 1\n"),
        ("aliases as a flow key", aliases(levels: 60, width: 2) + "{ *a59 : 1 }\n"),
        ("aliases in a key", aliases(levels: 40, width: 3) + "{ [*a39, *a39]: 1 }\n"),
        ("anchors", (0..<100_000).map { "- &a\($0) x\n" }.joined() + "- {[a]: b}\n"),
        ("one long plain text", String(repeating: "a", count: 8_000_000)),
        ("one long key", String(repeating: "a", count: 2_000_000) + ": 1"),
        ("quotes", String(repeating: "\"", count: 1_000_001)),
        ("blanks", "[a]" + String(repeating: " ", count: 4_000_000) + ":"),
    ]

    private static func nested(_ depth: Int) -> String { String(repeating: "{[", count: depth) }
    private static func closed(_ depth: Int) -> String { String(repeating: "]: 1}", count: depth) }

    /// `a0` is a list of texts, each further one a list of aliases of the one before.
    private static func aliases(levels: Int, width: Int) -> String {
        (0..<levels).map { level in
            let items = Array(repeating: level == 0 ? "x" : "*a\(level - 1)", count: width).joined(separator: ", ")
            return "a\(level): &a\(level) [\(items)]\n"
        }.joined()
    }

    @Test(.timeLimit(.minutes(5)), arguments: bombs.map(\.name)) func bombIsRefused(_ name: String) throws {
        let bomb = try #require(Self.bombs.first { $0.name == name })
        #expect(throws: ConfigFailure.self) {
            try ConfigLoader(environment: { _ in nil }).load(yaml: bomb.text, file: "bomb.yaml")
        }
    }
}

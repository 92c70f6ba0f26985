import Config
import Testing

@testable import Plugins

@Suite("hashes of scripts") struct ScriptHashTests {
    private func hash(_ files: (module: String, text: String)...) -> String {
        ScriptHash.of(files.map { ScriptProgram.File(module: $0.module, path: "p", text: $0.text) })
    }

    @Test func isSHA256() {
        #expect(ScriptHash.of([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hash(("", "a")).count == 64)
        #expect(hash(("", "a")).allSatisfy { $0.isHexDigit && !$0.isUppercase })
    }

    @Test func dependsOnEveryByteAndName() {
        let versions = [
            hash(("", "a")), hash(("", "b")), hash(("", "a ")), hash(("lib.x", "a")), hash(("", "a"), ("lib.x", "")),
            hash(("", "a"), ("lib.x", "b")), hash(("", "a"), ("lib.y", "b")), hash(("", "ä")), hash(("", "a\u{0}")),
            // What is in one file is not what is in two.
            hash(("", "ab")), hash(("", "a"), ("", "b")), hash(("", "alib.x"), ("", "b")),
        ]
        #expect(Set(versions).count == versions.count)
    }

    @Test func doesNotDependOnWhereFilesLie() {
        let here = [ScriptProgram.File(module: "", path: "/a/x.lua", text: "t")]
        let there = [ScriptProgram.File(module: "", path: "b.lua", text: "t")]
        #expect(ScriptHash.of(here) == ScriptHash.of(there))
    }

    @Test func isShownByItsFirstDigits() {
        let program = ScriptProgram(name: "a", hash: ScriptHash.of([]), version: "", files: [])
        #expect(program.label == "a@e3b0c442")
    }
}

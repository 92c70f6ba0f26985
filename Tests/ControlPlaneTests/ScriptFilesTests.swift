import Config
import Foundation
import GatewayTesting
import Testing

@testable import ControlPlane

@Suite("files of scripts") struct ScriptFilesTests {
    private let directory: TemporaryDirectory
    private var folder: String { directory.path + "/filters" }

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("filters/keep", "")
    }

    private func load(_ name: String) -> Result<[ScriptProgram.File], ScriptFiles.Problem> {
        var tried: [String] = []
        return Result { () throws(ScriptFiles.Problem) in
            try ScriptFiles(folder: folder) { ScriptFiles.read($0, in: folder) }.load(name, tried: &tried)
        }
    }

    private func problem(_ name: String) -> ScriptFiles.Problem? {
        if case .failure(let problem) = load(name) { return problem }
        return nil
    }

    private func message(_ name: String) -> String {
        guard let problem = problem(name) else { return "fine" }
        let place = problem.position.map { "\($0.description.replacingOccurrences(of: folder + "/", with: "")): " }
        return (place ?? "") + problem.message.replacingOccurrences(of: directory.path, with: "")
    }

    // MARK: Places

    @Test func aFolderGoesBeforeAFile() throws {
        try directory.write("filters/a.lua", "return 1")
        #expect(try load("a").get().map(\.path) == [folder + "/a.lua"])
        try directory.write("filters/a/filter.lua", "return 2")
        #expect(try load("a").get().map(\.path) == [folder + "/a/filter.lua"])
        #expect(try load("a").get().map(\.text) == ["return 2"])
    }

    @Test func whatIsMissingIsSaidWithWhereItWasLookedFor() throws {
        let missing = try #require(problem("none"))
        #expect(missing.message == "there is no script \"none\"")
        #expect(missing.hint == "looked for \(folder)/none/filter.lua and \(folder)/none.lua")
        #expect(missing.position == nil)
    }

    @Test func everyPlaceIsRemembered() throws {
        try directory.write("filters/a.lua", "require 'lib.x'")
        try directory.write("filters/lib/x.lua", "require 'lib.y'")
        var tried: [String] = []
        #expect(throws: ScriptFiles.Problem.self) {
            try ScriptFiles(folder: folder) { ScriptFiles.read($0, in: folder) }.load("a", tried: &tried)
        }
        let expected = ["a/filter.lua", "a.lua", "lib/x.lua", "lib/y.lua"]
        #expect(tried == expected.map { folder + "/" + $0 })
    }

    // MARK: What may not be read

    @Test func aLinkOutOfTheFolderIsRefused() throws {
        try directory.write("outside.lua", "return {}")
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/a.lua", withDestinationPath: directory.path + "/outside.lua")
        #expect(message("a") == "/filters/a.lua is a link that leads out of /filters")
        try FileManager.default.createSymbolicLink(atPath: folder + "/b.lua", withDestinationPath: "../outside.lua")
        #expect(message("b").contains("leads out"))
        try directory.write("filters/c.lua", "require 'lib.x'")
        try FileManager.default.createDirectory(atPath: folder + "/lib", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: folder + "/lib/x.lua", withDestinationPath: "/etc/passwd")
        #expect(message("c") == "c.lua:1:1: the module \"lib.x\" is not there")
        // A folder beside it whose name begins the same is not it.
        try directory.write("filters-other/d.lua", "return {}")
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/d.lua", withDestinationPath: "../filters-other/d.lua")
        #expect(message("d").contains("leads out"))
    }

    @Test func aLinkWithinTheFolderIsFollowed() throws {
        try directory.write("filters/real.lua", "return 3")
        try FileManager.default.createSymbolicLink(atPath: folder + "/a.lua", withDestinationPath: "real.lua")
        #expect(try load("a").get().map(\.text) == ["return 3"])
        // The folder itself may be one, as where it is mounted.
        try FileManager.default.createSymbolicLink(atPath: directory.path + "/link", withDestinationPath: "filters")
        let link = directory.path + "/link"
        guard case .text = ScriptFiles.read(link + "/a.lua", in: link) else {
            Issue.record("not read by way of a link")
            return
        }
    }

    @Test func lengthIsBounded() throws {
        let limit = ScriptFiles.bytesMax
        try directory.write("filters/most.lua", String(repeating: " ", count: limit))
        #expect(message("most") == "fine")
        try directory.write("filters/more.lua", String(repeating: " ", count: limit + 1))
        #expect(message("more") == "more.lua:1:1: a script has 64 KiB at most")
        // A sparse file is not read to its end.
        let huge = folder + "/huge.lua"
        try #require(FileManager.default.createFile(atPath: huge, contents: nil))
        let handle = try #require(FileHandle(forWritingAtPath: huge))
        try handle.truncate(atOffset: 4 << 30)
        #expect(message("huge") != "fine")
    }

    @Test(arguments: [
        ("\u{1B}Lua", "a.lua:1:1: a script is text, not bytecode"), ("", "fine"), ("\u{FEFF}return {}", "fine"),
    ])
    func bytecodeIsRefused(_ text: String, _ expected: String) throws {
        try directory.write("filters/a.lua", text)
        #expect(message("a") == expected)
    }

    @Test func whatIsNoTextIsRefused() throws {
        try Data([0x72, 0xFF, 0xFE]).write(to: URL(fileURLWithPath: folder + "/a.lua"))
        #expect(message("a") != "fine")
        try FileManager.default.createDirectory(atPath: folder + "/b.lua", withIntermediateDirectories: true)
        #expect(message("b") != "fine")
    }

    // MARK: Modules

    @Test func modulesAreFoundThroughModules() throws {
        try directory.write("filters/a.lua", "local x = require(\"lib.x\")\nlocal z = require 'lib.deep.z'\n")
        try directory.write("filters/lib/x.lua", "require 'lib.y' require 'lib.x'")
        try directory.write("filters/lib/y.lua", "return 1")
        try directory.write("filters/lib/deep/z.lua", "require 'lib.x'")
        #expect(try load("a").get().map(\.module) == ["", "lib.deep.z", "lib.x", "lib.y"])
        try directory.write("filters/lib/y.lua", "\n\u{1B}")
        #expect(message("a") == "fine", "only the first byte makes bytecode")
        try directory.write("filters/lib/y.lua", "\u{1B}")
        #expect(message("a") == "lib/y.lua:1:1: a script is text, not bytecode")
    }

    @Test(arguments: [
        "os", "x", "lib", "lib.", "lib..x", "lib.X", "lib/x", "lib.x/../../etc", "../lib.x", "lib.ä", "lib.a b", "",
        "libs.x", "lib.a.", ".lib.x",
    ])
    func otherNamesAreNoModules(_ name: String) throws {
        try directory.write("filters/a.lua", "\n\nrequire '\(name)'")
        #expect(message("a") == "a.lua:3:1: the module \"\(name)\" cannot be required")
    }

    @Test func theirNumberIsBounded() throws {
        let names = (0...ScriptFiles.modulesMax).map { "lib.m\($0)" }
        for name in names {
            try directory.write("filters/\(name.replacingOccurrences(of: ".", with: "/")).lua", "return 1")
        }
        func requiring(_ count: Int) -> String { names.prefix(count).map { "require '\($0)'\n" }.joined() }
        try directory.write("filters/a.lua", requiring(ScriptFiles.modulesMax))
        #expect(message("a") == "fine")
        try directory.write("filters/a.lua", requiring(ScriptFiles.modulesMax + 1))
        #expect(message("a").hasSuffix("a script requires 32 modules at most"))
    }

    struct Required: Sendable, CustomTestStringConvertible {
        var text: String
        var names: [String]
        var testDescription: String { text }
    }

    @Test(arguments: [
        Required(text: "local a = require 'x'", names: ["x:1"]),
        Required(text: "\n require\t(\"x\") require('y')", names: ["x:2", "y:2"]),
        Required(text: "-- require 'x'\nlocal a = 1 -- require 'y'", names: []),
        Required(text: "require(name) require 'z'", names: ["z:1"]),
        Required(text: "require 'x", names: []),
        Required(text: "required = 'x'", names: []),
        Required(text: "require", names: []),
    ])
    func requiredNamesAreFoundInTheText(_ row: Required) {
        #expect(ScriptFiles.required(in: row.text).map { "\($0.name):\($0.line)" } == row.names)
    }
}

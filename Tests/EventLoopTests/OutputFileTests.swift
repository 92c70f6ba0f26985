import EventLoop
import Foundation
import GatewayTesting
import Glibc
import Testing

@Suite struct OutputFileTests {
    private func write(_ text: String, to file: OutputFile) -> IOOutcome {
        let bytes = Array(text.utf8)
        return file.write(bytes.span, patience: 100)
    }

    @Test func appends() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("log", "old\n")
        let file = try OutputFile.open(path)
        #expect(write("new\n", to: file) == .transferred(4))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old\nnew\n")
    }

    @Test func aNewFileIsNotForEverybody() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/log"
        _ = try OutputFile.open(path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect((mode ?? 0o777) & 0o027 == 0)
    }

    @Test(arguments: ["", "/nothing/there"]) func whatCannotBeOpened(_ path: String) throws {
        #expect(throws: SystemError.self) { try OutputFile.open(path) }
        #expect(throws: SystemError.self) { try OutputFile.open("/tmp") }
    }

    @Test func aFullDiskIsAFailure() throws {
        let file = try OutputFile.open("/dev/full")
        #expect(write("x", to: file) == .failed(ENOSPC))
    }

    @Test func aPipeThatNobodyReadsDoesNotBlock() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/pipe"
        #expect(unsafe path.withCString { unsafe mkfifo($0, 0o600) } == 0)
        #expect(throws: SystemError.self, "nobody has it open") { try OutputFile.open(path) }
        let reader = try #require(FileHandle(forUpdatingAtPath: path))
        let file = try OutputFile.open(path)
        var written = 0
        let page = String(repeating: "x", count: 1000)
        while case .transferred(let count) = write(page, to: file) { written += count }
        #expect(write(page, to: file) == .wouldBlock && written > 4096)
        _ = reader
    }
}

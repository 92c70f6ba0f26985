import EventLoop
import Foundation
import GatewayTesting
import Testing

@Suite struct FileStatusTests {
    @Test func kindsAreTold() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("file", "12345")
        let link = directory.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "file")
        #expect(FileStatus(of: directory.path)?.kind == .directory)
        #expect(FileStatus(of: file)?.kind == .regular)
        #expect(FileStatus(of: file)?.size == 5)
        // The link, not what it leads to.
        #expect(FileStatus(of: link)?.kind == .symbolicLink)
        #expect(FileStatus(of: "/dev/null")?.kind == .other)
        #expect(FileStatus(of: directory.path + "/none") == nil)
        #expect(FileStatus.destination(ofLink: link) == "file")
        #expect(FileStatus.destination(ofLink: file) == nil)
    }

    @Test func anotherFileOfTheSameContentIsAnother() throws {
        let directory = try TemporaryDirectory()
        let one = try #require(FileStatus(of: try directory.write("a", "1")))
        let other = try #require(FileStatus(of: try directory.write("b", "1")))
        #expect(one.device == other.device)
        #expect(one.inode != other.inode)
        #expect(one != other)
        #expect(one == FileStatus(of: directory.path + "/a"))
    }

    /// Dates far outside of what 64 bits of nanoseconds hold are some value, not a trap.
    @Test func strangeDatesAreValues() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("a", "1")
        for seconds in [-1e10, 4e9, 1e10] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: file)
            #expect(FileStatus(of: file) != nil)
        }
    }
}

import EventLoop
import Foundation
import GatewayTesting
import Testing

@Suite struct InotifyTests {
    @Test func tellsOfWhatIsWatchedAndNothingElse() throws {
        let directory = try TemporaryDirectory()
        let inotify = try Inotify()
        let file = try directory.write("a", "1")
        let watch = try inotify.watch(directory.path, .directory)
        #expect(!inotify.drain())
        try directory.write("b", "1")
        #expect(inotify.drain())
        #expect(!inotify.drain())
        // In place of the former watch, since the inode is the same.
        #expect(try inotify.watch(directory.path, .place) == watch)
        try directory.write("c", "1")
        #expect(!inotify.drain())
        _ = try inotify.watch(file, .file)
        try Data("more".utf8).write(to: URL(fileURLWithPath: file))
        #expect(inotify.drain())
        try FileManager.default.moveItem(atPath: directory.path, toPath: directory.path + ".moved")
        #expect(inotify.drain())
        try FileManager.default.removeItem(atPath: directory.path + ".moved")
    }

    @Test func removedWatchesAreSilent() throws {
        let directory = try TemporaryDirectory()
        let inotify = try Inotify()
        let watch = try inotify.watch(directory.path, .directory)
        inotify.remove(watch)
        // The kernel confirms the end of a watch.
        #expect(inotify.drain())
        try directory.write("a", "1")
        #expect(!inotify.drain())
        inotify.remove(watch)
        #expect(!inotify.drain())
    }

    @Test func otherThingsThanExpectedAreRefused() throws {
        let directory = try TemporaryDirectory()
        let inotify = try Inotify()
        let file = try directory.write("a", "1")
        let link = directory.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: directory.path)
        for (path, code) in [(file, ENOTDIR), (link, ENOTDIR), (directory.path + "/none", ENOENT)] {
            let error = #expect(throws: SystemError.self) { try inotify.watch(path, .directory) }
            #expect(error?.code == code, "\(path)")
        }
    }
}

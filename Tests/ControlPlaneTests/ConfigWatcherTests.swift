import ControlPlane
import Foundation
import GatewayTesting
import Glibc
import Testing

@Suite("when a configuration may have changed") struct ConfigWatcherTests {
    @Test(arguments: [nil, EMFILE, ENOSYS])
    func everyWayToWriteIsNoticed(_ inotifyError: Int32?) throws {
        let files = try WatchedFiles(inotifyError: inotifyError)
        try files.directory.write("gateway.yaml", "1")
        #expect(!files.watcher.isPolling)
        files.follow("gateway.yaml")
        #expect(files.watcher.isPolling == (inotifyError != nil))
        for round in 0..<2 {
            try files.expectCall("writing in place, \(round)") { try files.append("gateway.yaml", "22") }
            try files.expectCall("renaming over, \(round)") { try files.replace("gateway.yaml", "333") }
            try files.expectCall("removal, \(round)") { try files.remove("gateway.yaml") }
            try files.expectCall("creation, \(round)") { try files.directory.write("gateway.yaml", "4444") }
        }
        try files.expectCall("permissions") {
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: files.path("gateway.yaml"))
        }
    }

    /// A directory that may be passed through but not read cannot be watched; root may always read.
    @Test(.enabled(if: geteuid() != 0)) func whatCannotBeWatchedIsPolled() throws {
        let files = try WatchedFiles()
        try files.makeDirectory("closed")
        try files.directory.write("closed/gateway.yaml", "1")
        files.follow("closed/gateway.yaml")
        #expect(!files.watcher.isPolling)
        try FileManager.default.setAttributes([.posixPermissions: 0o300], ofItemAtPath: files.path("closed"))
        files.follow("closed/gateway.yaml")
        #expect(files.watcher.isPolling)
        try files.expectCall("a change in a directory that cannot be read") {
            try files.append("closed/gateway.yaml", "2")
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: files.path("closed"))
        files.follow("closed/gateway.yaml")
        #expect(!files.watcher.isPolling)
    }

    @Test(arguments: [nil, ENOSPC])
    func kubernetesSwapsALinkOnTheWay(_ inotifyError: Int32?) throws {
        let files = try WatchedFiles(inotifyError: inotifyError)
        try files.makeDirectory("..2026_0")
        try files.directory.write("..2026_0/gateway.yaml", "0")
        try files.link("..data", to: "..2026_0")
        try files.link("gateway.yaml", to: "..data/gateway.yaml")
        files.follow("gateway.yaml")
        for round in 1...4 {
            try files.makeDirectory("..2026_\(round)")
            try files.directory.write("..2026_\(round)/gateway.yaml", "0")
            try files.expectCall("swap \(round)") { try files.link("..data", to: "..2026_\(round)") }
            // The older version goes after the swap, as the kubelet does it.
            #expect(try files.callCountAfter { try files.remove("..2026_\(round - 1)") } == 0)
        }
    }

    @Test func linksElsewhereAreFollowed() throws {
        let files = try WatchedFiles()
        let elsewhere = try TemporaryDirectory()
        try elsewhere.write("real.yaml", "1")
        try files.makeDirectory("gateway")
        try FileManager.default.createSymbolicLink(
            atPath: elsewhere.path + "/by-link", withDestinationPath: elsewhere.path)
        // By way of the parent of what the link leads to, which is not the directory that the link is in.
        let name = try #require(elsewhere.path.split(separator: "/").last)
        try files.link("gateway/main.yaml", to: elsewhere.path + "/by-link/./../\(name)/by-link//real.yaml")
        files.watcher.follow([files.path("gateway/../gateway//main.yaml")])
        try files.expectCall("a change at the end") { try elsewhere.write("real.yaml", "22") }
        try files.expectCall("a link in the middle leads to nothing") {
            try FileManager.default.removeItem(atPath: elsewhere.path + "/by-link")
        }
        try files.expectCall("the first link leads to a file") {
            try files.directory.write("other.yaml", "1")
            try files.link("gateway/main.yaml", to: "../other.yaml")
        }
        try files.expectCall("a change of that") { try files.append("other.yaml", "2") }
        try files.expectCall("a loop is nothing") { try files.link("gateway/main.yaml", to: "main.yaml") }
    }

    @Test(arguments: [nil, EMFILE])
    func yamlFilesOfADirectoryComeAndGo(_ inotifyError: Int32?) throws {
        let files = try WatchedFiles(inotifyError: inotifyError)
        try files.makeDirectory("conf")
        files.follow("conf")
        try files.expectCall("a first file") { try files.directory.write("conf/a.yaml", "1") }
        try files.expectCall("a second one") { try files.directory.write("conf/b.yaml", "1") }
        try files.expectCall("a change in one") { try files.append("conf/a.yaml", "2") }
        try files.expectCall("another name") { try files.move("conf/a.yaml", to: "conf/c.yaml") }
        #expect(
            try files.callCountAfter {
                try files.directory.write("conf/.hidden.yaml", "1")
                try files.directory.write("conf/notes.txt", "1")
                try files.makeDirectory("conf/more")
                try files.directory.write("conf/more/a.yaml", "1")
            } == 0)
        try files.expectCall("one less") { try files.remove("conf/b.yaml") }
        try files.directory.write("real", "1")
        try files.expectCall("a link in it") { try files.link("conf/d.yaml", to: "../real") }
        try files.expectCall("a change behind the link") { try files.append("real", "2") }
        try files.expectCall("none at all") { try files.remove("conf") }
        try files.makeDirectory("new")
        try files.directory.write("new/a.yaml", "1")
        try files.expectCall("another directory in its place") { try files.move("new", to: "conf") }
        try files.expectCall("a file in that") { try files.directory.write("conf/z.yaml", "1") }
    }

    @Test func aFileBecomesADirectoryAndBack() throws {
        let files = try WatchedFiles()
        try files.directory.write("gateway", "1")
        files.follow("gateway")
        for round in 0..<2 {
            try files.expectCall("a directory in place of the file, \(round)") {
                try files.remove("gateway")
                try files.makeDirectory("gateway")
            }
            try files.expectCall("a file in that, \(round)") { try files.directory.write("gateway/a.yaml", "1") }
            try files.expectCall("a file in place of the directory, \(round)") {
                try files.remove("gateway")
                try files.directory.write("gateway", "1")
            }
            try files.expectCall("a change of that, \(round)") { try files.append("gateway", "2") }
        }
    }

    @Test func whatDoesNotExistIsAwaited() throws {
        let files = try WatchedFiles()
        files.follow("a/b/gateway.yaml")
        #expect(try files.callCountAfter { try files.makeDirectory("a") } == 0)
        #expect(try files.callCountAfter { try files.makeDirectory("a/b") } == 0)
        try files.expectCall("its creation") { try files.directory.write("a/b/gateway.yaml", "1") }
        try files.expectCall("the removal of all") { try files.remove("a") }
        try files.makeDirectory("new/b")
        try files.directory.write("new/b/gateway.yaml", "1")
        try files.expectCall("all of it at once") { try files.move("new", to: "a") }
        try files.makeDirectory("new/b")
        try files.directory.write("new/b/gateway.yaml", "1")
        try files.expectCall("another directory far above") {
            try files.move("a", to: "old")
            try files.move("new", to: "a")
        }
        #expect(try files.callCountAfter { try files.append("old/b/gateway.yaml", "2") } == 0)
        try files.expectCall("a change in it") { try files.append("a/b/gateway.yaml", "2") }
    }

    /// A mount point has another parent than its path says; so has a second name of a file, which needs no privilege.
    @Test func writingThroughAnotherNameIsNoticed() throws {
        let files = try WatchedFiles()
        try files.makeDirectory("elsewhere")
        try files.directory.write("elsewhere/real", "1")
        try FileManager.default.linkItem(atPath: files.path("elsewhere/real"), toPath: files.path("gateway.yaml"))
        files.follow("gateway.yaml")
        try files.expectCall("a change through the other name") { try files.append("elsewhere/real", "2") }
    }

    @Test func secretsElsewhereAreFollowedToo() throws {
        let files = try WatchedFiles()
        try files.directory.write("gateway.yaml", "1")
        try files.makeDirectory("secrets")
        try files.directory.write("secrets/token", "1")
        files.follow("gateway.yaml", "secrets/token", "secrets/none")
        try files.expectCall("a secret") { try files.replace("secrets/token", "22") }
        try files.expectCall("a missing one") { try files.directory.write("secrets/none", "1") }
        // Another set takes the place of the former.
        files.follow("gateway.yaml")
        #expect(try files.callCountAfter { try files.replace("secrets/token", "333") } == 0)
        try files.expectCall("what is still followed") { try files.replace("gateway.yaml", "22") }
    }
}

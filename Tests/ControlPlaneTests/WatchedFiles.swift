import ControlPlane
import EventLoop
import Foundation
import GatewayTesting
import Glibc
import Synchronization

/// A directory with files to follow, a watcher, and how often that called.
final class WatchedFiles: Sendable {
    static let debounce = Duration.milliseconds(50)

    let directory: TemporaryDirectory
    let watcher: ConfigWatcher
    private let calls: CallCount

    private final class CallCount: Sendable {
        let value = Atomic(0)
    }

    /// - Parameter inotifyError: what the kernel says instead of giving notices.
    init(debounce: Duration = WatchedFiles.debounce, inotifyError: Int32? = nil) throws {
        directory = try TemporaryDirectory()
        let calls = CallCount()
        self.calls = calls
        watcher = ConfigWatcher(
            debounce: debounce, pollInterval: .milliseconds(50),
            openInotify: { () throws(SystemError) in
                if let inotifyError { throw SystemError(code: inotifyError, call: "inotify_init1") }
                return try Inotify()
            },
            whenChanged: { calls.value.add(1, ordering: .sequentiallyConsistent) })
    }

    deinit { watcher.stop() }

    var callCount: Int { calls.value.load(ordering: .sequentiallyConsistent) }

    func path(_ name: String) -> String { directory.path + "/" + name }

    func follow(_ names: String...) { watcher.follow(names.map(path)) }

    /// Does `change` and waits for a call.
    func expectCall(_ what: String, _ change: () throws -> Void) throws {
        let before = callCount
        try change()
        try waitUntil("a call for \(what)") { callCount > before }
    }

    /// Does `change`, lets many times the debounce time pass, and tells how many calls came.
    func callCountAfter(_ change: () throws -> Void) throws -> Int {
        let before = callCount
        try change()
        Thread.sleep(forTimeInterval: 0.5)
        return callCount - before
    }

    /// As an editor does: another file, renamed over the old one.
    func replace(_ name: String, _ text: String) throws {
        let new = try directory.write(name + ".new", text)
        try rename(new, path(name))
    }

    func move(_ name: String, to other: String) throws { try rename(path(name), path(other)) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    func makeDirectory(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    }

    /// A symbolic link, in place of what was there.
    func link(_ name: String, to destination: String) throws {
        let new = path(name + ".new")
        try FileManager.default.createSymbolicLink(atPath: new, withDestinationPath: destination)
        try rename(new, path(name))
    }

    func append(_ name: String, _ text: String) throws {
        guard let handle = FileHandle(forWritingAtPath: path(name)) else { throw TestingFailure("no \(name)") }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    private func rename(_ old: String, _ new: String) throws {
        guard unsafe Glibc.rename(old, new) == 0 else { throw TestingFailure("rename \(old): errno \(errno)") }
    }
}

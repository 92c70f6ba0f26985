import ControlPlane
import EventLoop
import Foundation
import GatewayTesting
import Synchronization
import Testing

@Suite("what is no change of a configuration, and how often one is told") struct ConfigWatcherNoiseTests {
    /// Writes lines to a log beside the configuration until it is let go.
    private final class Log: Sendable {
        private let isOn = Atomic(true)

        init(in files: WatchedFiles) throws {
            try files.directory.write("gateway.log", "")
            let path = files.path("gateway.log")
            Thread.detachNewThread { [weak self] in
                guard let handle = FileHandle(forWritingAtPath: path) else { return }
                while self?.isOn.load(ordering: .relaxed) == true {
                    try? handle.write(contentsOf: Data("a line\n".utf8))
                    Thread.sleep(forTimeInterval: 0.001)
                }
            }
        }

        func stop() { isOn.store(false, ordering: .relaxed) }
    }

    @Test func aLogInTheSameDirectoryIsNoChangeAndHidesNone() throws {
        let files = try WatchedFiles()
        try files.directory.write("gateway.yaml", "1")
        files.follow("gateway.yaml")
        let log = try Log(in: files)
        defer { log.stop() }
        // Long enough for several looks.
        Thread.sleep(forTimeInterval: 1.5)
        #expect(files.callCount == 0)
        for round in 1...2 {
            try files.replace("gateway.yaml", "round \(round)")
            try waitUntil("a call in spite of the noise") { files.callCount >= round }
        }
        #expect(files.callCount == 2)
    }

    @Test func aBurstIsToldOnce() throws {
        let files = try WatchedFiles(debounce: .milliseconds(200))
        try files.directory.write("gateway.yaml", "")
        files.follow("gateway.yaml")
        for _ in 0..<1000 { try files.append("gateway.yaml", "x") }
        try waitUntil("a call") { files.callCount > 0 }
        Thread.sleep(forTimeInterval: 1)
        // One, unless the machine was so busy that the burst took many seconds or had long pauses.
        #expect(files.callCount < 20)
    }

    @Test func touchingNothingIsNoChange() throws {
        let files = try WatchedFiles()
        try files.directory.write("gateway.yaml", "1")
        files.follow("gateway.yaml")
        let count = try files.callCountAfter {
            _ = try String(contentsOfFile: files.path("gateway.yaml"), encoding: .utf8)
            try files.directory.write("gateway.yaml.swp", "1")
            try files.remove("gateway.yaml.swp")
        }
        #expect(count == 0)
    }

    @Test func nothingIsToldAfterTheEnd() throws {
        let files = try WatchedFiles()
        files.follow("gateway.yaml")
        files.watcher.stop()
        #expect(try files.callCountAfter { try files.directory.write("gateway.yaml", "1") } == 0)
        files.follow("gateway.yaml")
        #expect(!files.watcher.isPolling)
        #expect(try files.callCountAfter { try files.append("gateway.yaml", "1") } == 0)
    }

    @Test func theDebounceTimeCanChange() throws {
        let files = try WatchedFiles(debounce: .seconds(3600))
        files.follow("gateway.yaml")
        #expect(try files.callCountAfter { try files.directory.write("gateway.yaml", "1") } == 0)
        files.watcher.setDebounce(.milliseconds(1))
        try waitUntil("an end of the hour that had begun") { files.callCount == 1 }
        files.watcher.setDebounce(.zero)
        try files.expectCall("a change without any wait") { try files.append("gateway.yaml", "1") }
    }

    @Test func aChangeWhileItWasReadIsTold() throws {
        let files = try WatchedFiles()
        let path = try files.directory.write("gateway.yaml", "1")
        let before = FileFingerprint(of: [path])
        try files.expectCall("what changed after the fingerprint") {
            try files.directory.write("gateway.yaml", "22")
            try files.directory.write("secret", "1")
            files.watcher.follow([path, files.path("secret")], asOf: before)
        }
        // Without it, what is there is known.
        #expect(
            try files.callCountAfter {
                try files.directory.write("gateway.yaml", "333")
                files.follow("gateway.yaml")
            } == 0)
        // What has not changed is not told, and what `before` does not hold counts as it is.
        let now = FileFingerprint(of: [path])
        let count = try files.callCountAfter {
            files.watcher.follow([path, files.path("secret")], asOf: now)
        }
        #expect(count == 0)
    }

    /// As a reload does it: the receiver follows what it read at once, from within the call.
    @Test func theReceiverMayFollow() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("gateway.yaml", "")
        let calls = Mutex(0)
        let box = Mutex<ConfigWatcher?>(nil)
        let watcher = ConfigWatcher(debounce: .milliseconds(20)) {
            calls.withLock { $0 += 1 }
            box.withLock { $0 }?.follow([path])
        }
        box.withLock { $0 = watcher }
        watcher.follow([path])
        for round in 1...5 {
            try directory.write("gateway.yaml", String(repeating: "x", count: round))
            try waitUntil("call \(round)") { calls.withLock { $0 } >= round }
        }
        watcher.stop()
        box.withLock { $0 = nil }
    }

    private final class Held: Sendable {
        private struct Reference { weak var inotify: Inotify? }
        private let reference = Mutex(Reference())

        var isReleased: Bool { reference.withLock { $0.inotify == nil } }
        func hold(_ inotify: Inotify) { reference.withLock { $0.inotify = inotify } }
    }

    /// A watcher that nobody holds any longer gives its descriptor back, be it at rest or waiting for quiet.
    @Test(arguments: [false, true], [false, true])
    func descriptorsAreGivenBack(isSettling: Bool, isStopped: Bool) throws {
        let directory = try TemporaryDirectory()
        let held = Held()
        do {
            let watcher = ConfigWatcher(
                debounce: .seconds(3600),
                openInotify: { () throws(SystemError) in
                    let inotify = try Inotify()
                    held.hold(inotify)
                    return inotify
                }, whenChanged: {})
            watcher.follow([directory.path])
            #expect(!held.isReleased)
            if isSettling {
                try directory.write("a.yaml", "1")
                Thread.sleep(forTimeInterval: 0.1)
            }
            if isStopped { watcher.stop() }
        }
        try waitUntil("the end of the descriptor") { held.isReleased }
    }
}

import ControlPlane
import Foundation
import GatewayTesting
import Synchronization
import Testing

@Suite("no change of a configuration is lost") struct ConfigWatcherSimulationTests {
    /// Steps of xorshift: the same seed gives the same course of operations, if not the same timing.
    private struct Course {
        var state: UInt64

        mutating func next(below count: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(count))
        }
    }

    private final class Seen: Sendable {
        let fingerprint = Mutex(FileFingerprint(of: []))
        let watcher = Mutex<ConfigWatcher?>(nil)
    }

    /// Whatever is done to files, links and directories, and however it falls between looks: in the end, the receiver
    /// has been called after the last change.
    @Test(arguments: 1...8 as ClosedRange<UInt64>, [Duration.zero, .milliseconds(5)])
    func theLastChangeIsAlwaysTold(seed: UInt64, debounce: Duration) throws {
        let files = try WatchedFiles()
        let paths = ["conf", "a/b/one.yaml", "link/one.yaml", "two"].map(files.path)
        let seen = Seen()
        let watcher = ConfigWatcher(debounce: debounce) {
            let present = FileFingerprint(of: paths)
            seen.fingerprint.withLock { $0 = present }
            // As every receiver has to: what it read may have come and gone since the watcher looked.
            seen.watcher.withLock { $0 }?.follow(paths, asOf: present)
        }
        seen.watcher.withLock { $0 = watcher }
        defer {
            watcher.stop()
            seen.watcher.withLock { $0 = nil }
        }
        seen.fingerprint.withLock { $0 = FileFingerprint(of: paths) }
        watcher.follow(paths)
        var course = Course(state: seed)
        for round in 0..<10 {
            for _ in 0...course.next(below: 12) {
                operate(on: files, course.next(below: 12), course.next(below: 1000))
                if course.next(below: 3) == 0 { Thread.sleep(forTimeInterval: Double(course.next(below: 8)) / 1000) }
            }
            try waitUntil("a call after the last change of round \(round)") {
                seen.fingerprint.withLock { $0 } == FileFingerprint(of: paths)
            }
        }
    }

    /// One of them may not be possible at the moment, which is as good as another.
    private func operate(on files: WatchedFiles, _ operation: Int, _ number: Int) {
        let text = String(repeating: "x", count: number)
        switch operation {
        case 0: try? files.makeDirectory("a/b")
        case 1: try? files.remove("a/b")
        case 2: try? files.move("a", to: "old\(number)")
        case 3: _ = try? files.directory.write("a/b/one.yaml", text)
        case 4: try? files.replace("a/b/one.yaml", text)
        case 5: try? files.link("link", to: number % 2 == 0 ? "a/b" : files.path("conf"))
        case 6: try? files.link("two", to: number % 2 == 0 ? "link/one.yaml" : "conf/../a")
        case 7: try? files.makeDirectory("conf")
        case 8: _ = try? files.directory.write("conf/\(number % 3).yaml", text)
        case 9: try? files.remove("conf/\(number % 3).yaml")
        case 10: try? files.move("conf", to: "gone\(number)")
        default: _ = try? files.directory.write("noise", text)
        }
    }
}

import EventLoop
import Foundation

/// Where paths lead at this moment, link by link, and what would have to change for them to lead elsewhere.
struct FileTrace {
    private(set) var fingerprint = FileFingerprint()
    /// What to watch, each by a path without symbolic links, and for what.
    private(set) var places: [String: Inotify.Kind] = [:]

    /// What the kernel follows before it gives up on a loop.
    private static let linksMax = 40

    init(of paths: [String]) {
        for path in paths { fingerprint.entries[path] = trace(path, listsDirectory: true) }
    }

    /// - Parameter listsDirectory: false for what a followed directory holds; the configuration goes no deeper.
    private mutating func trace(_ path: String, listsDirectory: Bool) -> FileFingerprint.Entry {
        guard let end = resolve(path), let status = FileStatus(of: end) else { return .absent }
        guard status.kind == .directory else {
            if status.kind == .regular { watch(end, .file) }
            return .file(path: end, status)
        }
        guard listsDirectory else { return .directory(path: end, [:]) }
        watch(end, .directory)
        // One that cannot be read has no names to us; that it can be read again is a change of it, and told.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: end)) ?? []
        var held: [String: FileFingerprint.Entry] = [:]
        for name in names where ConfigFiles.isRead(name) {
            held[name] = trace(Self.joined(end, name), listsDirectory: false)
        }
        return .directory(path: end, held)
    }

    /// The end of `path` without symbolic links; nil when there is nothing. Every directory that a name was looked up
    /// in is watched on the way: fully where a link or the end is, as these get replaced, and as a place where only
    /// another directory is, since much may happen in `/` or `/tmp` that has nothing to do with us.
    private mutating func resolve(_ path: String) -> String? {
        var directory = "/"
        let absolute = path.hasPrefix("/") ? path : Self.joined(FileManager.default.currentDirectoryPath, path)
        var names = Self.namesReversed(absolute)
        var linkCount = 0
        while let name = names.popLast() {
            if name == ".." {
                // Right without a look at the file system, since no link is left in `directory`.
                directory = Self.parent(of: directory)
                continue
            }
            let place = Self.joined(directory, name)
            guard let status = FileStatus(of: place) else {
                watch(directory, .directory)
                return nil
            }
            switch status.kind {
            case .symbolicLink:
                watch(directory, .directory)
                linkCount += 1
                guard linkCount <= Self.linksMax, let destination = FileStatus.destination(ofLink: place) else {
                    return nil
                }
                if destination.hasPrefix("/") { directory = "/" }
                names += Self.namesReversed(destination)
            case .directory where !names.isEmpty:
                watch(place, .place)
                directory = place
            case .directory, .regular, .other:
                watch(directory, .directory)
                guard names.isEmpty else { return nil }
                return place
            }
        }
        return directory
    }

    private mutating func watch(_ path: String, _ kind: Inotify.Kind) {
        places[path] = max(places[path] ?? kind, kind)
    }

    private static func namesReversed(_ path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.reversed().map(String.init)
    }

    private static func joined(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    private static func parent(of directory: String) -> String {
        let parent = directory.split(separator: "/").dropLast().joined(separator: "/")
        return "/" + parent
    }
}

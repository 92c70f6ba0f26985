import CLinux

/// The kernel's notices about files and directories (inotify(7)). What happened is thrown away: a notice may be merged
/// with another or lost when too many wait, so all that it can mean is that one should look.
///
/// - Threads: any; the descriptor lives as long as the value.
package final class Inotify: Sendable {
    /// What a watch tells of; each is more than the one before.
    package enum Kind: Int, Comparable, Sendable {
        /// That a directory itself was moved or removed, and nothing of what happens in it.
        case place
        /// That a file's content or status changed, through whichever of its names: one that is mounted into its
        /// directory has another parent than the path says, which alone is told otherwise.
        case file
        /// Everything that happens to a directory's names and to the files behind them.
        case directory

        fileprivate var code: Int32 {
            switch self {
            case .place: Int32(GWLINUX_WATCH_PLACE)
            case .file: Int32(GWLINUX_WATCH_FILE)
            case .directory: Int32(GWLINUX_WATCH_DIRECTORY)
            }
        }

        package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
    }

    /// A number of the kernel's; the same inode has the same one.
    package struct Watch: Hashable, Sendable {
        fileprivate let number: Int32
    }

    /// Readable while notices wait.
    package let descriptor: Int32

    /// - Throws: EMFILE when the user has too many of them, ENOSYS in some sandboxes.
    package init() throws(SystemError) {
        descriptor = gwlinux_inotify()
        guard descriptor >= 0 else { throw SystemError(code: -descriptor, call: "inotify_init1") }
    }

    deinit {
        gwlinux_close(descriptor)
    }

    /// Watches what is at `path` now, in place of what was asked for the same inode before.
    ///
    /// - Parameter path: not a symbolic link.
    /// - Throws: ENOSPC when the user has too many watches, EACCES for what cannot be read, ENOENT, ENOTDIR and ELOOP
    ///   when something else is there.
    package func watch(_ path: String, _ kind: Kind) throws(SystemError) -> Watch {
        // Sound: the pointer is used within the closure only.
        let number = unsafe path.withCString { unsafe gwlinux_inotify_add(descriptor, $0, kind.code) }
        guard number >= 0 else { throw SystemError(code: -number, call: "inotify_add_watch") }
        return Watch(number: number)
    }

    /// Ends a watch. The kernel has ended it already when the inode is gone, which is no error here.
    package func remove(_ watch: Watch) {
        _ = gwlinux_inotify_remove(descriptor, watch.number)
    }

    /// Throws the waiting notices away and tells whether there were any.
    package func drain() -> Bool {
        gwlinux_inotify_drain(descriptor) > 0
    }
}

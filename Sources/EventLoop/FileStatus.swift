import CLinux

/// What tells a file from another one and from its own earlier state, without reading it.
package struct FileStatus: Equatable, Sendable {
    package enum Kind: Equatable, Sendable { case regular, directory, symbolicLink, other }

    package let kind: Kind
    package let device: UInt64
    package let inode: UInt64
    package let size: Int64
    /// Since the epoch, of the file's content and of its status; the latter cannot be set back by a program.
    package let modifiedNanoseconds: Int64
    package let changedNanoseconds: Int64

    /// The status of what `path` itself names, be it a symbolic link; nil where nothing is, or nothing that this
    /// process may see.
    package init?(of path: String) {
        var raw = gwlinux_file_status()
        // Sound: the pointers are used within the call only.
        let code = unsafe path.withCString { unsafe gwlinux_file_status_of($0, &raw) }
        guard code >= 0 else { return nil }
        switch Int(raw.type) {
        case Int(GWLINUX_REGULAR): kind = .regular
        case Int(GWLINUX_DIRECTORY): kind = .directory
        case Int(GWLINUX_LINK): kind = .symbolicLink
        default: kind = .other
        }
        device = raw.device
        inode = raw.inode
        size = raw.size
        modifiedNanoseconds = raw.modified_ns
        changedNanoseconds = raw.changed_ns
    }

    /// Where the symbolic link at `path` leads, relative to its directory unless absolute; nil when it is none.
    package static func destination(ofLink path: String) -> String? {
        // The kernel's limit of a path, PATH_MAX.
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe path.withCString { path in
            // Sound: the shim writes at most `space.count` bytes.
            unsafe buffer.withUnsafeMutableBufferPointer { space in
                unsafe gwlinux_read_link(path, space.baseAddress, space.count)
            }
        }
        return count > 0 ? String(decoding: buffer.prefix(Int(count)), as: UTF8.self) : nil
    }
}

package import Config
import Foundation

/// Reads the files that make up a configuration, none of them further than its limit.
package enum ConfigFiles {
    static let secretBytesMax = 1 << 20

    /// The path itself, or the `*.yaml` files of the directory there, in name order.
    static func files(at path: String) throws(ConfigFailure) -> [String] {
        guard type(of: path) == .typeDirectory else { return [path] }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw failure(.fileUnreadable, "the directory cannot be read", path)
        }
        let files = names.filter(isRead).sorted()
        guard !files.isEmpty else { throw failure(.noFiles, "the directory holds no *.yaml file", path) }
        let separator = path.hasSuffix("/") ? "" : "/"
        return files.map { path + separator + $0 }
    }

    /// Whether a file of that name in a configuration directory is part of the configuration.
    static func isRead(_ name: String) -> Bool {
        // Kubernetes mounts keep older versions in directories that begin with dots.
        name.hasSuffix(".yaml") && !name.hasPrefix(".")
    }

    static func text(of file: String) throws(ConfigFailure) -> String {
        var bytes: [UInt8]
        // Opening a pipe waits for somebody to write. One that the shell has opened for us is another matter.
        let isOpen = file.hasPrefix("/dev/fd/") || file.hasPrefix("/proc/self/fd/")
        if let type = type(of: file), type != .typeRegular, type != .typeSymbolicLink, !isOpen {
            throw failure(.fileUnreadable, "this is not a regular file", file)
        }
        switch read(file, countMax: YAMLReader.fileBytesMax) {
        case .failure(.unreadable(let reason)): throw failure(.fileUnreadable, "the file \(reason)", file)
        case .failure(.tooLarge): throw failure(.fileTooLarge, "the file is larger than 8 MiB", file)
        case .success(let content): bytes = content
        }
        // Some editors begin a file with the mark of its encoding.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        throw ConfigFailure([
            ConfigDiagnostic(.notUTF8, "the file is not valid UTF-8", at: firstInvalid(in: bytes, file: file))
        ])
    }

    /// The content of a mounted secret.
    @Sendable package static func secret(at path: String) -> VariableExpansion.FileText {
        bounded(path, countMax: secretBytesMax)
    }

    static func bounded(_ path: String, countMax: Int) -> VariableExpansion.FileText {
        guard let type = type(of: path) else { return .failure("does not exist or cannot be read") }
        // Opening a pipe would wait for somebody to write.
        guard type == .typeRegular else { return .failure("is not a regular file") }
        switch read(path, countMax: countMax) {
        case .failure(.unreadable(let reason)): return .failure(reason)
        case .failure(.tooLarge): return .failure("is larger than \(countMax >> 10) KiB")
        case .success(let bytes):
            return String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .failure("is not valid UTF-8")
        }
    }

    /// What is at the end of all symbolic links; nil where there is nothing.
    private static func type(of path: String) -> FileAttributeType? {
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        return (try? FileManager.default.attributesOfItem(atPath: target))?[.type] as? FileAttributeType
    }

    private enum ReadFailure: Error { case unreadable(String), tooLarge }

    private static func read(_ path: String, countMax: Int) -> Result<[UInt8], ReadFailure> {
        guard FileManager.default.fileExists(atPath: path) else { return .failure(.unreadable("does not exist")) }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            return .failure(.unreadable("cannot be opened for reading"))
        }
        defer { try? handle.close() }
        do {
            var bytes: [UInt8] = []
            while bytes.count <= countMax, let part = try handle.read(upToCount: countMax + 1 - bytes.count),
                !part.isEmpty
            {
                bytes += part
            }
            return bytes.count > countMax ? .failure(.tooLarge) : .success(bytes)
        } catch {
            return .failure(.unreadable("cannot be read"))
        }
    }

    private static func failure(_ code: DiagnosticCode, _ message: String, _ path: String) -> ConfigFailure {
        ConfigFailure([ConfigDiagnostic(code, message, at: SourcePosition(file: path, line: 1, column: 1))])
    }

    /// Where decoding with replacement first differs from the bytes.
    private static func firstInvalid(in bytes: [UInt8], file: String) -> SourcePosition {
        var line = 1
        var column = 1
        var index = 0
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            let encoded = Array(String(scalar).utf8)
            guard index + encoded.count <= bytes.count, bytes[index..<index + encoded.count].elementsEqual(encoded)
            else { break }
            index += encoded.count
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return SourcePosition(file: file, line: line, column: column)
    }
}

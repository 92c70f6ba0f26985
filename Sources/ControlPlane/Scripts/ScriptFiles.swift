import Config
import Foundation

/// Finds and reads the files of a script: the filter itself, and the modules that it requires.
struct ScriptFiles {
    /// Of one file; longer ones overflow the stack of this Lua release while an error message is made.
    static let bytesMax = 64 << 10
    static let modulesMax = 32

    /// `lua.path`, from where the configuration is.
    let folder: String
    private let read: (String) -> VariableExpansion.FileText

    init(folder: String, read: @escaping (String) -> VariableExpansion.FileText) {
        self.folder = folder
        self.read = read
    }

    struct Problem: Error {
        var message: String
        /// nil: where the script is used.
        var position: SourcePosition?
        var hint: String?
    }

    /// Where a script may be, the better place first.
    func candidates(_ name: String) -> [String] { ["\(folder)/\(name)/filter.lua", "\(folder)/\(name).lua"] }

    /// - Parameter tried: gets every path that was read or looked for.
    func load(_ name: String, tried: inout [String]) throws(Problem) -> [ScriptProgram.File] {
        var problem = Problem(
            message: "there is no script \"\(name)\"", position: nil,
            hint: "looked for " + candidates(name).joined(separator: " and "))
        for path in candidates(name) {
            tried.append(path)
            switch read(path) {
            case .text(let text):
                // Its tests decide whether it is served.
                if path.hasSuffix("/filter.lua") { tried.append("\(folder)/\(name)/filter_test.lua") }
                let main = try checked(ScriptProgram.File(module: "", path: path, text: text))
                return try [main] + modules(of: main, tried: &tried)
            case .failure(let reason):
                if reason != Self.missing { problem = Problem(message: "\(path) \(reason)", position: nil, hint: nil) }
            }
        }
        throw problem
    }

    static let missing = "does not exist or cannot be read"

    private func checked(_ file: ScriptProgram.File) throws(Problem) -> ScriptProgram.File {
        let start = SourcePosition(file: file.path, line: 1, column: 1)
        if file.text.utf8.count > Self.bytesMax {
            throw Problem(message: "a script has 64 KiB at most", position: start, hint: "move parts to lib/")
        }
        if file.text.utf8.first == 0x1B { throw Problem(message: "a script is text, not bytecode", position: start) }
        return file
    }

    private func modules(
        of main: ScriptProgram.File, tried: inout [String]
    ) throws(Problem) -> [ScriptProgram.File] {
        var found: [ScriptProgram.File] = []
        var queue = [main]
        while let file = queue.popLast() {
            for (name, line) in Self.required(in: file.text) where !found.contains(where: { $0.module == name }) {
                let position = SourcePosition(file: file.path, line: line, column: 1)
                guard Self.isModule(name) else {
                    throw Problem(
                        message: "the module \"\(name)\" cannot be required", position: position,
                        hint: "modules are files under lib/ beside the filters, required as \"lib.name\"")
                }
                let path = folder + "/" + name.replacingOccurrences(of: ".", with: "/") + ".lua"
                tried.append(path)
                guard case .text(let text) = read(path) else {
                    throw Problem(
                        message: "the module \"\(name)\" is not there", position: position, hint: "looked for \(path)")
                }
                let module = try checked(ScriptProgram.File(module: name, path: path, text: text))
                found.append(module)
                queue.append(module)
                guard found.count <= Self.modulesMax else {
                    throw Problem(
                        message: "a script requires \(Self.modulesMax) modules at most", position: position, hint: nil)
                }
            }
        }
        return found.sorted { $0.module < $1.module }
    }

    private static func isModule(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return name.utf8.count <= 128 && parts.count >= 2 && parts[0] == "lib"
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x2D
                    }
            }
    }

    /// The names that are required by a written-out text, each with its line. Modules have to be known before a script
    /// runs, since they are part of what is checked and watched.
    static func required(in text: String) -> [(name: String, line: Int)] {
        var found: [(String, Int)] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var rest = line[...]
            if let comment = rest.range(of: "--") { rest = rest[..<comment.lowerBound] }
            while let call = rest.range(of: "require") {
                rest = rest[call.upperBound...].drop { $0 == " " || $0 == "(" || $0 == "\t" }
                guard let quote = rest.first, quote == "\"" || quote == "'" else { continue }
                rest = rest.dropFirst()
                guard let end = rest.firstIndex(of: quote) else { break }
                found.append((String(rest[..<end]), index + 1))
                rest = rest[end...].dropFirst()
            }
        }
        return found
    }

    /// A file of a script, of a bounded length, and not by way of a link that leads out of the folder.
    static func read(_ path: String, in folder: String) -> VariableExpansion.FileText {
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let root = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
        guard FileManager.default.fileExists(atPath: real) else { return .failure(missing) }
        guard real.hasPrefix(root.hasSuffix("/") ? root : root + "/") else {
            return .failure("is a link that leads out of \(folder)")
        }
        return ConfigFiles.bounded(real, countMax: bytesMax + 1)
    }
}

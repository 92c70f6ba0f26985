package import Config

/// What a script said went wrong, as a diagnostic with the place in the script.
package enum ScriptDiagnostic {
    /// - Parameter position: of the script's use, where the message names no place.
    package static func make(
        _ failure: LuaFailure, script: ScriptProgram, at position: SourcePosition
    ) -> ConfigDiagnostic {
        var place = position
        var message = failure.message
        // `name:line: message`, where the name is the script's or a module's.
        for file in script.files {
            let prefix = file.chunkName(in: script.name) + ":"
            guard message.hasPrefix(prefix) else { continue }
            let rest = message.dropFirst(prefix.count)
            guard let colon = rest.firstIndex(of: ":"), let line = Int(rest[..<colon]) else { continue }
            place = SourcePosition(file: file.path, line: line, column: 1)
            message = String(rest[rest.index(after: colon)...].drop { $0 == " " })
            break
        }
        if place.file == position.file, let first = failure.traceback.split(separator: "\n").first {
            for file in script.files {
                let prefix = file.chunkName(in: script.name) + ":"
                guard first.hasPrefix(prefix), let line = Int(first.dropFirst(prefix.count)) else { continue }
                place = SourcePosition(file: file.path, line: line, column: 1)
                break
            }
        }
        return ConfigDiagnostic(
            .error, code: failure.kind == .error ? "filter-script" : "filter-" + failure.kind.rawValue.replacing("_"),
            message, at: place, path: "filters.\(script.name)")
    }
}

extension String {
    fileprivate func replacing(_ character: Character) -> String {
        String(map { $0 == character ? "-" : $0 })
    }
}

import Config
import Plugins

/// Whatever a script holds, loading it ends: with a description or with an error that has words.
package enum ScriptProperty {
    /// What is wrong, or nil.
    package static func violation(_ input: [UInt8]) -> String? {
        switch load(String(decoding: input, as: UTF8.self)) {
        case .success: nil
        case .failure(let failure): failure.message.isEmpty ? "no message" : nil
        }
    }

    /// Loads a script by itself, as the gateway does.
    static func load(_ text: String) -> Result<String, LuaFailure> {
        let script = ScriptProgram(
            name: "fuzzed", hash: "", version: "",
            files: [ScriptProgram.File(module: "", path: "fuzzed", text: text)])
        do throws(LuaFailure) {
            return .success(try LuaInspection(limits: LuaLimitsConfig()).describe(script).description)
        } catch {
            return .failure(error)
        }
    }

    /// A literal of Lua for bytes of any kind.
    static func literal(_ bytes: some Sequence<UInt8>) -> String {
        var text = "\""
        for byte in bytes {
            let digits = String(byte)
            text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
        }
        return text + "\""
    }
}

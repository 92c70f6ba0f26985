import CLuaShim
package import Config

/// Tells versions of a script apart: SHA-256 over all of its files.
package enum ScriptHash {
    package static func of(_ files: [ScriptProgram.File]) -> String {
        var bytes: [UInt8] = []
        for file in files {
            bytes += Array("\(file.module)\u{0}\(file.text.utf8.count)\u{0}".utf8)
            bytes += Array(file.text.utf8)
        }
        var out = [CChar](repeating: 0, count: 65)
        let isMade = unsafe out.withUnsafeMutableBufferPointer { space in
            unsafe bytes.withUnsafeBufferPointer { unsafe gwlua_digest($0.baseAddress, $0.count, space.baseAddress) }
        }
        precondition(isMade, "SHA-256 is not available")
        return String(decoding: out.prefix(64).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

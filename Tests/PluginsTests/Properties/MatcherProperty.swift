import CLua
import Plugins

/// Our pattern matching, which can be stopped, finds what Lua's own finds.
package enum MatcherProperty {
    /// What is wrong, or nil. The first byte says how long the pattern is; both texts are short, since Lua's own
    /// matching takes time without bounds.
    package static func violation(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let rest = input.dropFirst().prefix(48)
        let pattern = rest.prefix(Int(first % 12))
        let script = """
            local s, p = \(ScriptProperty.literal(rest.dropFirst(pattern.count))), \(ScriptProperty.literal(pattern))
            local function sum(...)
              local h = select("#", ...)
              for i = 1, select("#", ...) do
                local v = tostring((select(i, ...)))
                for j = 1, #v do h = (h * 31 + v:byte(j)) % 2147483647 end
                h = (h * 31 + 7) % 2147483647
              end
              return h
            end
            local function try(f, ...)
              local r = table.pack(pcall(f, ...))
              return r[1] and sum(table.unpack(r, 1, r.n)) or "raised"
            end
            local function every()
              local found = {}
              for a, b in s:gmatch(p) do found[#found + 1] = tostring(a) .. "|" .. tostring(b) end
              return table.concat(found, ",")
            end
            error("found=" .. try(string.find, s, p) .. " " .. try(string.match, s, p) .. " "
              .. try(string.gsub, s, p, "<%0>") .. " " .. try(string.find, s, p, -3) .. " " .. try(every), 0)
            """
        guard case .failure(let failure) = ScriptProperty.load(script) else { return "nothing was found" }
        if failure.kind == .killedCPU { return nil }
        let ours = outcome(failure.message)
        let theirs = outcome(stock(script))
        return ours == theirs ? nil : "ours: \(ours), Lua's: \(theirs)"
    }

    private static func outcome(_ message: String) -> String {
        guard let start = message.firstRange(of: "found=") else { return message }
        return String(message[start.upperBound...])
    }

    /// What Lua's own libraries make of the script.
    private static func stock(_ script: String) -> String {
        guard let state = unsafe luaL_newstate() else { return "no memory" }
        // Sound: the state lives until the end of this function, and what is read from it is copied.
        defer { unsafe lua_close(state) }
        unsafe luaL_openlibs(state)
        _ = unsafe luaL_loadstring(state, script)
        _ = unsafe lua_pcallk(state, 0, 0, 0, 0, nil)
        guard let message = unsafe lua_tolstring(state, -1, nil) else { return "no message" }
        return unsafe String(cString: message)
    }
}

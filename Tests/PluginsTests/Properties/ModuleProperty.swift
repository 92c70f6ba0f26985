import Plugins

/// The modules of scripts take any bytes: they answer or raise, and what they encode they decode again.
package enum ModuleProperty {
    /// What is wrong, or nil.
    package static func violation(_ input: [UInt8]) -> String? {
        let script = """
            local s = \(ScriptProperty.literal(input.prefix(2048)))
            assert(base64.decode(base64.encode(s)) == s, "base64")
            assert(base64.url_decode(base64.url_encode(s)) == s, "base64url")
            assert(hex.decode(hex.encode(s)) == s, "hex")
            assert(url.unescape(url.escape(s)) == s, "url")
            local ok, encoded = pcall(json.encode, s)
            -- What is no UTF-8 is replaced.
            if ok and encoded and utf8.len(s) then assert(json.decode(encoded) == s, "json") end
            local value = json.decode(s)
            if value ~= nil then assert(json.decode(json.encode(value)) ~= nil, "json again") end
            local half = s:sub(1, #s // 2)
            for _, call in ipairs {
              function() return base64.decode(s), base64.url_decode(s), hex.decode(s) end,
              function() return url.parse(s) end,
              function() return url.encode_query(url.decode_query(s)) end,
              function() return text.glob(half, s), text.split(s, half), text.trim(s) end,
              function() return time.parse_http(s), time.parse_iso(s) end,
              function() return jwt.decode(s) end,
              function() return crypto.verify("RS256", half, s, s) end,
              function() return re.compile(half):gsub(s, "%0") end,
              function() return re.compile(half, "ims"):match(s) end,
              function() return string.format(half, s, 1, 2.5), string.pack(half, s, 1, 2) end,
              function() return string.unpack(half, s) end,
              function() return utf8.len(s), utf8.codepoint(s, 1, -1) end,
            } do pcall(call) end
            return { api = 1 }
            """
        switch ScriptProperty.load(script) {
        case .success: return nil
        case .failure(let failure): return failure.kind == .killedCPU ? nil : failure.message
        }
    }
}

-- verdict: done, killed_cpu
-- row 13: integer arguments at their limits
local F = { api = 1 }
function F.on_request()
    local edges = { math.maxinteger, math.mininteger, math.maxinteger - 1, math.mininteger + 1, 0, -1, 1, 2^53, -2^63 }
    for _, a in ipairs(edges) do
        for _, b in ipairs(edges) do
            pcall(string.sub, "abc", a, b)
            pcall(string.byte, "abc", a, b)
            pcall(string.rep, "abc", a, "x")
            pcall(string.find, "abc", "b", a)
            pcall(table.unpack, {}, a, b)
            pcall(table.concat, {}, "", a, b)
            pcall(table.insert, {}, a, b)
            pcall(table.remove, {}, a)
            pcall(select, a, b)
            pcall(utf8.codepoint, "abc", a, b)
            pcall(utf8.offset, "abc", a, b)
            pcall(utf8.len, "abc", a, b)
            pcall(string.pack, "i" .. tostring(a), b)
            pcall(string.unpack, "c" .. tostring(a), "abc", b)
            pcall(math.random, a, b)
            pcall(math.fmod, a, b)
            pcall(string.format, "%" .. tostring(a) .. "d", b)
            pcall(string.char, a)
            pcall(utf8.char, a)
            pcall(tonumber, "10", a)
        end
    end
end
return F

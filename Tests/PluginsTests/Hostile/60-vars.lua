-- verdict: done
-- row 60: variables with names and values that are none
local F = { api = 1 }
function F.on_request(req, ctx)
    local v = ctx.vars
    for _, name in ipairs { "", "A", "a-b", "1a", "a\0", "a\r\n", ("x"):rep(65), 1, true, {} } do assert(not pcall(function() v[name] = 1 end), tostring(name)) end
    for _, value in ipairs { {}, print, req, 0 / 0, 1 / 0, (coroutine.running()) } do assert(not pcall(function() v.a = value end)) end
    for i = 1, 100 do pcall(function() v["n" .. i] = i end) end
    v.n1 = "a\"b\\\n\0c"
    assert(v.n1 == "a\"b\\\n\0c")
    v.n1 = nil
    assert(v.n1 == nil and v[1] == nil and v[v] == nil)
end
return F

-- verdict: done
-- row 70: null and handles are values without memory of their own: nothing can be read of or done to what is none
local F = { api = 1 }
function F.on_request(req, ctx)
    local null = json.null
    assert(not pcall(function() return null.path end))
    assert(not pcall(function() null.path = 1 end))
    assert(not pcall(function() return #null end))
    assert(not pcall(function() return #req end))
    for _, value in ipairs { null, req, ctx, req.headers, ctx.vars } do
        assert(not pcall(function() return value() end))
        assert(not pcall(function() return value + 1 end))
        assert(not pcall(function() return value .. "x" end))
        assert(not pcall(function() return value < value end))
        assert(getmetatable(value) == nil)
        assert(tostring(value):find("^userdata"))
        pcall(string.format, "%s %p %q %d", value, value, value, value)
    end
    assert(req ~= ctx and req ~= null and req == req and req.headers == req.headers)
    assert(json.encode { null } == "[null]")
    assert(not pcall(function() assert(json.encode { req }) end))
    assert(not pcall(req.body, null))
    local t = setmetatable({ [req] = 1, [null] = 2 }, { __mode = "kv", __index = req, __newindex = req })
    assert(t[req] == 1 and t[null] == 2 and t.path == "/a/b")
    t.path = "/changed"
    assert(req.path == "/changed")
end
return F

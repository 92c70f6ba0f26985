-- verdict: done
-- row 27: the metatable of the environment
local F = { api = 1 }
function F.on_request()
    assert(not getmetatable(_ENV))
    assert(not pcall(setmetatable, _ENV, {}))
    for name, value in pairs(_ENV) do
        assert(type(name) == "string")
        assert(type(value) ~= "userdata")
    end
    local ok, text = pcall(error)
    assert(not ok and text == nil)
    assert(type(debug.traceback("x")) == "string")
    assert(not debug.traceback():find("/usr/", 1, true))
end
return F

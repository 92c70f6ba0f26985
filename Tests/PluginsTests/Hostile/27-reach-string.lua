-- verdict: done
-- row 27: the metatable of strings
local F = { api = 1 }
function F.on_request()
    assert(getmetatable("") == nil)
    assert(not pcall(setmetatable, "", {}))
    assert(("x").__index == nil and ("x").__metatable == nil)
end
return F

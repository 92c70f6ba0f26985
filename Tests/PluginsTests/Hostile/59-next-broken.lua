-- verdict: done
-- row 59: a traversal with keys that are not there
local F = { api = 1 }
function F.on_request()
    local t = {}
    for i = 1, 100 do t["k" .. i] = i end
    for k in pairs(t) do t[k] = nil t["n" .. k] = nil end
    assert(not pcall(next, t, "never there"))
    assert(not pcall(next, t, {}))
    assert(next(t) == nil)
    assert(not pcall(next, nil))
end
return F

-- verdict: done
-- row 4: a finalizer that only an __index of the metatable has
local F = { api = 1 }
local ran = false
function F.on_request()
    local meta = setmetatable({}, { __index = function(_, key) if key == "__gc" then return function() ran = true end end end })
    for _ = 1, 2000 do setmetatable({}, meta) end
    assert(not ran)
end
return F

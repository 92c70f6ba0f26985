-- verdict: error
-- row 4: a finalizer declared as false, to be replaced later
local F = { api = 1 }
function F.on_request()
    local meta = { __gc = false }
    setmetatable({}, meta)
    meta.__gc = function() while true do end end
end
return F

-- verdict: error
-- row 30: awaits in a __close while an error unwinds
local F = { api = 1 }
function F.on_request()
    local c <close> = setmetatable({}, { __close = function(_, e) gw.sleep(1) assert(e == "first") end })
    error("first", 0)
end
return F

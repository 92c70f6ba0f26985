-- verdict: killed_cpu
-- row 56: a __close that awaits while the kill unwinds
local F = { api = 1 }
function F.on_request()
    local x <close> = setmetatable({}, { __close = function() gw.sleep(1) end })
    while true do end
end
return F

-- verdict: killed_cpu
-- row 5: a __close that never ends, run while the kill unwinds
local F = { api = 1 }
local function loop() while true do end end
function F.on_request()
    local x <close> = setmetatable({}, { __close = loop })
    while true do end
end
return F

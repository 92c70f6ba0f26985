-- verdict: killed_cpu
-- row 5: four of them, one with pcall
local F = { api = 1 }
local function loop() while true do end end
local function guarded() while true do pcall(loop) end end
function F.on_request()
    local a <close> = setmetatable({}, { __close = loop })
    local b <close> = setmetatable({}, { __close = guarded })
    local c <close> = setmetatable({}, { __close = loop })
    local d <close> = setmetatable({}, { __close = guarded })
    while true do end
end
return F

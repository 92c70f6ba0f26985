-- verdict: killed_cpu
-- row 6: 150 nested frames, each with a __close that loops
local F = { api = 1 }
local meta = { __close = function() while true do end end }
local function f(n)
    local x <close> = setmetatable({}, meta)
    if n > 0 then f(n - 1) end
    while true do end
end
function F.on_request() pcall(f, 150) end
return F

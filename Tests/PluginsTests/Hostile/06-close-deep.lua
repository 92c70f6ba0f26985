-- verdict: killed_cpu, killed_mem, error
-- row 6: tens of thousands of frames, each with a __close, when the kill comes
local F = { api = 1 }
local meta = { __close = function() while true do end end }
local function f(n)
    local x <close> = setmetatable({}, meta)
    if n == 0 then while true do end end
    f(n - 1)
    return 1
end
function F.on_request() while true do pcall(f, 40000) end end
return F

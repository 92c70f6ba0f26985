-- verdict: done, error, killed_cpu
-- row 6: 150 nested frames, each with a __close that raises
local F = { api = 1 }
local meta = { __close = function() error("in close") end }
local function f(n)
    local x <close> = setmetatable({}, meta)
    if n > 0 then f(n - 1) end
    error("in body")
end
function F.on_request() while true do pcall(f, 150) end end
return F

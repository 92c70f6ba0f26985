-- verdict: killed_cpu, killed_mem
-- row 23: the same, caught and repeated
local F = { api = 1 }
local function f() return 1 + f() end
function F.on_request() while true do pcall(f) end end
return F

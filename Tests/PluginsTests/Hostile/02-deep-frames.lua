-- verdict: killed_cpu, killed_mem, error
-- row 2: the kill comes at the bottom of a deep recursion
local F = { api = 1 }
local function f(n) if n == 0 then while true do end end return 1 + f(n - 1) end
function F.on_request() while true do pcall(f, 150000) end end
return F

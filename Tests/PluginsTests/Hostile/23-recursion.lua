-- verdict: error, killed_cpu, killed_mem
-- row 23: recursion without end
local F = { api = 1 }
local function f() return 1 + f() end
function F.on_request() f() end
return F

-- verdict: killed_cpu
-- row 2: catches the kill on many levels
local F = { api = 1 }
local function f(n) while true do pcall(f, n + 1) end end
function F.on_request() f(0) end
return F

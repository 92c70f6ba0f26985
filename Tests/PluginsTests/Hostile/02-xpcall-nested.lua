-- verdict: killed_cpu
-- row 2: catches the kill on many levels, by xpcall
local F = { api = 1 }
local function f(n) while true do xpcall(f, f, n + 1) end end
function F.on_request() f(0) end
return F

-- verdict: killed_cpu
-- row 26: a module that loops when it is loaded
local F = { api = 1 }
function F.on_request() while true do pcall(require, "lib.loop") end end
return F

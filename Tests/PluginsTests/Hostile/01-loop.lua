-- verdict: killed_cpu
-- row 1: a loop without end
local F = { api = 1 }
function F.on_request() while true do end end
return F

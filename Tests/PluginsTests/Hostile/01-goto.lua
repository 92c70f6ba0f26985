-- verdict: killed_cpu
-- row 1: a loop of goto
local F = { api = 1 }
function F.on_request() ::a:: goto a end
return F

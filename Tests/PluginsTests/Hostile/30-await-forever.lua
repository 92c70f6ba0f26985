-- verdict: error, killed_cpu
-- row 30: awaits past the deadline and ignores that it is over
local F = { api = 1 }
function F.on_request() while true do pcall(gw.sleep, 5000) end end
return F

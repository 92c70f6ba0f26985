-- verdict: killed_cpu
-- row 34: a filling function that never ends
local F = { api = 1 }
function F.on_request() gw.store("s"):remember("loop", 1, function() while true do pcall(function() while true do end end) end end) end
return F

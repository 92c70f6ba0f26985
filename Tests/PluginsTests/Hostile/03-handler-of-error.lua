-- verdict: killed_cpu
-- row 3: a handler that loops after an error of its own making
local F = { api = 1 }
function F.on_request() xpcall(error, function() while true do end end, "x") end
return F

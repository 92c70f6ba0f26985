-- verdict: killed_cpu
-- row 2: catches the kill in a loop
local F = { api = 1 }
function F.on_request() while true do pcall(function() while true do end end) end end
return F

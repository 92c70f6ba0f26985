-- verdict: killed_cpu
-- row 11: a comparator that never ends
local F = { api = 1 }
function F.on_request() while true do pcall(table.sort, { 3, 2, 1 }, function() while true do end end) end end
return F

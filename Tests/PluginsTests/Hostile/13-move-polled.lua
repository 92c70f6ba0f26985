-- verdict: killed_cpu, error
-- row 13: a long move of nothing, again and again
local F = { api = 1 }
function F.on_request() while true do pcall(table.move, {}, 1, 1 << 40, 2) end end
return F

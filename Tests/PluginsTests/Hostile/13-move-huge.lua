-- verdict: error, killed_cpu
-- row 13: moves more than there can be
local F = { api = 1 }
function F.on_request() table.move({}, 1, math.maxinteger - 1, 2) end
return F

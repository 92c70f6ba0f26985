-- verdict: killed_cpu
-- row 9: yields outside of a coroutine forever
local F = { api = 1 }
function F.on_request() while true do pcall(coroutine.yield) end end
return F

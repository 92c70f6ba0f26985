-- verdict: killed_cpu
-- row 8: a coroutine that loops, again and again
local F = { api = 1 }
local function loop() while true do end end
function F.on_request() while true do local w = coroutine.wrap(loop) pcall(w) end end
return F

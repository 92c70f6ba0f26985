-- verdict: killed_cpu
-- row 8: the same with resume, whose result is ignored
local F = { api = 1 }
local function loop() while true do end end
function F.on_request() while true do coroutine.resume(coroutine.create(loop)) end end
return F

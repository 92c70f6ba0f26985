-- verdict: killed_cpu
-- row 3: a message handler that never ends
local F = { api = 1 }
local function loop() while true do end end
function F.on_request() while true do xpcall(loop, loop) end end
return F

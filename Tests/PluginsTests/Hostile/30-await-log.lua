-- verdict: error
-- row 30: awaits in on_log
local F = { api = 1 }
function F.on_log() gw.sleep(1) end
return F

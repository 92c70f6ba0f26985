-- verdict: killed_cpu
-- row 39: a kill on every call
local F = { api = 1 }
function F.on_request() while true do end end
function F.on_log() while true do end end
return F

-- verdict: error
-- row 31: a timer in a phase
local F = { api = 1, uses = { timers = true } }
function F.on_request() gw.timer.every(1000, function() end) end
return F

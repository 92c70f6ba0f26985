-- verdict: error
-- row 28: uses the request in a timer
local kept
gw.timer.every(1000, function() return kept.path end)
local F = { api = 1, uses = { timers = true } }
function F.on_request(req) kept = req end
return F

-- verdict: error
-- row 32: a metric that is declared in a phase
local F = { api = 1 }
function F.on_request() gw.metrics.counter("hostile_late_total", "x") end
return F

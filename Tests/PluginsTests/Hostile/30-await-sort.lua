-- verdict: error
-- row 30: awaits in a comparator
local F = { api = 1 }
function F.on_request() table.sort({ 3, 2, 1 }, function(a, b) gw.sleep(1) return a < b end) end
return F

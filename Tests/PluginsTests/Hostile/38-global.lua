-- verdict: error
-- row 38: a global variable
local F = { api = 1 }
function F.on_request() leaked = 1 end
return F

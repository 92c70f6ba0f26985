-- verdict: error
-- row 26: a module that requires itself
local F = { api = 1 }
function F.on_request() require("lib.self") end
return F

-- verdict: error
-- row 26: a module that leaks a global
local F = { api = 1 }
function F.on_request() require("lib.global") end
return F

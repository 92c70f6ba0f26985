-- verdict: error
-- row 39: an error on every call
local F = { api = 1 }
function F.on_request() error("always") end
return F

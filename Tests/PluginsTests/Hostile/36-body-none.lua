-- verdict: error
-- row 36: a body that was not asked for
local F = { api = 1 }
function F.on_request(req) return req:body() end
return F

-- verdict: error
-- row 28: keeps the context for the next request
local kept
local F = { api = 1 }
function F.on_request(req, ctx) if kept then local _ = kept.vars.x end kept = ctx end
return F

-- verdict: error
-- row 28: keeps the variables for the next request
local kept
local F = { api = 1 }
function F.on_request(req, ctx) if kept then kept.x = 1 end kept = ctx.vars end
return F

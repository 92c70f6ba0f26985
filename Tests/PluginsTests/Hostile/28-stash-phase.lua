-- verdict: error
-- row 28: uses the request in the response's phase
local F = { api = 1 }
function F.on_request(req, ctx) ctx.state.req = req end
function F.on_response(res, ctx) return ctx.state.req.path end
return F

-- verdict: killed_cpu
-- row 36: never comes back from the loop over chunks
local F = { api = 1, request_body = "stream" }
function F.on_request(req) for chunk in req:body_chunks() do while true do end end end
return F

-- verdict: error
-- row 36: a body phase that returns no text
local F = { api = 1, response_body = "stream" }
function F.on_response_body() return {} end
return F

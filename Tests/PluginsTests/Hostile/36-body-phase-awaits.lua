-- verdict: done
-- row 36: a body phase that awaits before it answers
local F = { api = 1, request_body = "stream" }
function F.on_request_body(chunk) gw.sleep(1) local text = chunk:bytes() gw.sleep(1) return text:upper() end
return F

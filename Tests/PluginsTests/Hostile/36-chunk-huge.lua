-- verdict: error, killed_mem, killed_cpu
-- row 36: a chunk that is replaced by a very long one
local F = { api = 1, request_body = "stream" }
function F.on_request_body(chunk) local s = ("x"):rep(2000000) return s .. s .. s end
return F

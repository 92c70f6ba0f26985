-- verdict: error
-- row 28: keeps the request in a closure over its method
local kept
local F = { api = 1 }
function F.on_request(req)
    if kept then return kept() end
    local get, headers = req.headers.get, req.headers
    kept = function() get(headers, "host") end
end
return F

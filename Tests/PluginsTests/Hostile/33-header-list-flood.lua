-- verdict: error
-- row 33: a list of a million values
local F = { api = 1 }
function F.on_request(req)
    local list = {}
    for i = 1, 20000 do list[i] = "v" end
    req.headers:set("x", list)
end
return F

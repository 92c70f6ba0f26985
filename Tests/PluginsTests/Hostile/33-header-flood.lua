-- verdict: error
-- row 33: a hundred thousand fields
local F = { api = 1 }
function F.on_request(req) for i = 1, 100000 do req.headers:add("x-" .. i, "1") end end
return F

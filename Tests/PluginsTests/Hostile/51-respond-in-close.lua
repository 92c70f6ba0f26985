-- verdict: reply, error
-- row 51: responds twice, the second time while the first unwinds
local F = { api = 1 }
function F.on_request(req)
    local c <close> = setmetatable({}, { __close = function() req:respond(500, nil, "second") end })
    req:respond(204, nil, "first")
end
return F

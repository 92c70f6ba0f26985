-- verdict: reply, error
-- row 51: a __close takes the error that carries the reply, and raises it later
local kept = {}
local F = { api = 1 }
function F.on_request(req)
    if kept[1] then pcall(error, kept[1]) return end
    local c <close> = setmetatable(kept, { __close = table.insert })
    req:respond(204)
end
return F

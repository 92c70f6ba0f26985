-- verdict: error
-- row 38: takes functions away, from itself only
local F = { api = 1 }
function F.on_request()
    string.find = nil
    string.format = nil
    rawset(_ENV, "pairs", nil)
    rawset(_ENV, "pcall", nil)
    for _ in pairs {} do end
end
return F

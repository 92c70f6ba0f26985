-- verdict: reply
-- row 50: a status with thousands of further results
local F = { api = 1 }
function F.on_request()
    local t = {}
    for i = 1, 8000 do t[i] = "x" end
    return 200, "body", { a = "b" }, table.unpack(t)
end
return F

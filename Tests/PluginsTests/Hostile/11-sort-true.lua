-- verdict: done, error
-- row 11: a comparator that is always true
local F = { api = 1 }
function F.on_request()
    local t = {}
    for i = 1, 500 do t[i] = i end
    pcall(table.sort, t, function() return true end)
end
return F

-- verdict: done, error, killed_cpu
-- row 11: a comparator that is a coroutine
local F = { api = 1 }
function F.on_request()
    local t = {}
    for i = 1, 100 do t[i] = i % 7 end
    table.sort(t, coroutine.wrap(function(a, b) while true do a, b = coroutine.yield(a < b) end end))
end
return F

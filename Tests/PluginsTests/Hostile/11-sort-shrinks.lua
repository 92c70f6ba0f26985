-- verdict: done, error, killed_cpu
-- row 11: a comparator that takes its table apart
local F = { api = 1 }
function F.on_request()
    local t = {}
    for i = 1, 300 do t[i] = i * 7 % 301 end
    pcall(table.sort, t, function(a, b) t[#t] = nil return (a or 0) < (b or 0) end)
end
return F

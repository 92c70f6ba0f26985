-- verdict: killed_cpu, done, killed_mem
-- row 59: tables that are rehashed at every step
local F = { api = 1 }
function F.on_request()
    for n = 1, 2000 do
        local t = {}
        for i = 1, 60 do t[1 << i] = i t[-i] = i t[i + 0.5] = i end
        for i = 1, 60 do t[1 << i] = nil end
        local _ = #t
    end
end
return F

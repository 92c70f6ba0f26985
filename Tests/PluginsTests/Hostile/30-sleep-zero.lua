-- verdict: killed_cpu, error
-- row 30: many short slices, none of which is long
local F = { api = 1 }
function F.on_request()
    while true do
        for _ = 1, 20000 do end
        gw.sleep(0)
    end
end
return F

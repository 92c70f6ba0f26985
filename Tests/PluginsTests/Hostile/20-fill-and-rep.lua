-- verdict: killed_mem, killed_cpu
-- row 20: the same at the cap itself
local F = { api = 1 }
function F.on_request()
    local t = {}
    while true do
        local ok, s = pcall(string.rep, "y", 200000)
        t[#t + 1] = s
        pcall(string.rep, "z", 2000000)
    end
end
return F

-- verdict: killed_cpu, killed_mem
-- row 35: a lot of JSON
local F = { api = 1 }
function F.on_request()
    local text = "[" .. ("1,"):rep(200000) .. "1]"
    while true do pcall(json.decode, text) end
end
return F

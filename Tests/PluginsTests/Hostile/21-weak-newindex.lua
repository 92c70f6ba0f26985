-- verdict: killed_mem, killed_cpu
-- row 21: a weak metatable whose __newindex is collected in the midst of an assignment
local F = { api = 1 }
function F.on_request()
    local hold = {}
    for i = 1, 15 do hold[i] = ("x"):rep(500000) .. i end
    while true do
        pcall(function()
            local meta = setmetatable({}, { __mode = "v" })
            meta.__newindex = setmetatable({}, { __newindex = function() end })
            local t = setmetatable({}, meta)
            local k = ("k"):rep(100000)
            for i = 1, 100 do t[k .. i] = ("v"):rep(100000) end
        end)
    end
end
return F

-- verdict: killed_mem, killed_cpu
-- row 21: the same, with a table that grows as the target
local F = { api = 1 }
function F.on_request()
    local meta = setmetatable({}, { __mode = "kv" })
    while true do
        pcall(function()
            meta.__newindex = {}
            meta.__newindex = setmetatable({}, { __newindex = meta.__newindex, __mode = "v" })
            local t = setmetatable({}, meta)
            for i = 1, 100000 do t[i] = { i } if i % 1000 == 0 then meta.__newindex = {} end end
        end)
    end
end
return F

-- verdict: killed_cpu
-- row 56: loops after an await, in pcall, in a coroutine
local F = { api = 1 }
function F.on_request()
    coroutine.wrap(function()
        pcall(function()
            gw.sleep(1)
            local x <close> = setmetatable({}, { __close = function() while true do gw.sleep(1) end end })
            while true do end
        end)
        while true do end
    end)()
end
return F

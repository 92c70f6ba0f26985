-- verdict: killed_cpu
-- row 5: the same below a pcall
local F = { api = 1 }
local function loop() while true do end end
function F.on_request()
    while true do
        pcall(function()
            local a <close> = setmetatable({}, { __close = loop })
            error("x")
        end)
    end
end
return F

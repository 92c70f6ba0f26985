-- verdict: killed_cpu
-- row 56: the kill falls inside of pcall inside of a coroutine inside of sort inside of gsub inside of xpcall
local F = { api = 1 }
local function loop() while true do end end
function F.on_request()
    while true do
        xpcall(string.gsub, loop, "a", "a", function()
            table.sort({ 2, 1 }, function()
                local w = coroutine.wrap(function() while true do pcall(loop) xpcall(loop, loop) end end)
                while true do pcall(w) end
            end)
        end)
    end
end
return F

-- verdict: error, killed_mem, killed_cpu
-- row 62: arguments until the stack is full
local F = { api = 1 }
function F.on_request()
    local function grow(...) return grow(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, ...) end
    while true do pcall(grow) end
end
return F

-- verdict: done, error, killed_cpu
-- row 62: thousands of arguments and results through coroutines
local F = { api = 1 }
function F.on_request()
    local t = {}
    for i = 1, 8000 do t[i] = i end
    local co = coroutine.create(function(...) local n = select("#", ...) while true do n = select("#", coroutine.yield(...)) end end)
    for _ = 1, 20 do assert(select("#", coroutine.resume(co, table.unpack(t))) == 8001) end
    local function grow(n, ...) if n == 0 then return select("#", ...) end return grow(n - 1, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, ...) end
    pcall(grow, 2000)
end
return F

-- verdict: done
-- row 72: awaits below callbacks that cannot be suspended, through coroutines and metamethods, are refused before they start
local F = { api = 1 }
function F.on_request()
    local calls = 0
    local meta = { __lt = function() calls = calls + 1 return gw.http.call { upstream = "authz", path = "/x" } end }
    local a, b = setmetatable({}, meta), setmetatable({}, meta)
    for _ = 1, 20 do assert(not pcall(table.sort, { a, b })) end
    for _ = 1, 20 do
        assert(not pcall(string.gsub, "x", "x", function()
            return coroutine.wrap(function() return coroutine.wrap(function() return gw.http.call({ upstream = "authz", path = "/x" }).body end)() end)()
        end))
    end
    local answers = gw.http.all { { upstream = "authz" }, { upstream = "authz" }, { upstream = "authz" }, { upstream = "authz" } }
    for _, answer in ipairs(answers) do assert(answer[1].status == 200) end
end
return F

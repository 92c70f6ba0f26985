-- verdict: done, killed_cpu
-- row 67: coroutines in cycles, weakly held, collected while they await
local F = { api = 1 }
function F.on_request()
    local weak = setmetatable({}, { __mode = "kv" })
    for i = 1, 300 do
        local co
        co = coroutine.create(function() local own = co weak[own] = own coroutine.yield(own) end)
        coroutine.resume(co)
        weak[co] = co
    end
    for i = 1, 1000 do local _ = { {}, {} } end
end
return F

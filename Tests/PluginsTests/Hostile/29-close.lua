-- verdict: error
-- row 29: a chain of coroutine.close
local F = { api = 1 }
function F.on_request()
    local co
    for _ = 1, 16000 do
        local inner = co
        co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() coroutine.close(inner) end }) coroutine.yield() end)
        coroutine.resume(co)
    end
    coroutine.close(co)
end
return F

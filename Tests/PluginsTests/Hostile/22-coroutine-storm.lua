-- verdict: error
-- row 22: a million suspended coroutines
local F = { api = 1 }
function F.on_request()
    local all = {}
    for i = 1, 1000000 do
        local co = coroutine.create(function() coroutine.yield() end)
        coroutine.resume(co)
        all[i] = co
    end
end
return F

-- verdict: done
-- row 30: awaits in a coroutine that is resumed in a comparator: refused, and nothing is confused afterwards
local F = { api = 1 }
function F.on_request()
    local co = coroutine.create(function() gw.sleep(1) return "slept" end)
    local ok, problem
    pcall(table.sort, { 3, 2, 1 }, function(a, b) if not problem then ok, problem = coroutine.resume(co) end return a < b end)
    assert(ok == false and tostring(problem):find("cannot await", 1, true), tostring(problem))
    local generator = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
    assert(generator() == 1 and generator() == 2)
    gw.sleep(1)
    assert(generator() == 3)
end
return F
